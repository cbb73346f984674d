#include "sidecar/status/labels.h"

#include <gtest/gtest.h>

#include <set>

namespace hawser::status {
namespace {

TEST(Labels, EveryFaultHasItsOwnResult) {
  std::set<std::string_view> labels;
  for (const auto& fault : catalog::kFaults) {
    EXPECT_EQ(result_label(result_index(fault.reason)), fault.label);
    labels.insert(fault.label);
  }
  labels.insert(result_label(kResultOk));
  EXPECT_EQ(labels.size(), kResultCount);
}

TEST(Labels, AReasonThatIsNoFaultCountsAsNegotiationFailed) {
  EXPECT_EQ(result_label(result_index(catalog::Reason::Accepted)), "negotiation_failed");
}

TEST(Labels, EveryReasonUnderEstablishedHasAState) {
  EXPECT_EQ(state_of(catalog::Reason::Established), State::Established);
  EXPECT_EQ(state_of(catalog::Reason::Connecting), State::Connecting);
  EXPECT_EQ(state_of(catalog::Reason::WaitingForPeer), State::WaitingForPeer);
  for (const auto& fault : catalog::kFaults) EXPECT_EQ(state_of(fault.reason), State::Down);
}

TEST(Labels, ExchangesHaveTheirNames) {
  EXPECT_EQ(exchange_name(wire::ExchangeType::CreateChildSa), "CREATE_CHILD_SA");
  EXPECT_EQ(exchange_index(wire::ExchangeType::Informational), 3U);
}

}  // namespace
}  // namespace hawser::status
