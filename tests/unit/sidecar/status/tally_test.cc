#include "sidecar/status/tally.h"

#include <gtest/gtest.h>

#include "tests/unit/sidecar/status/sample.h"

namespace hawser::status {
namespace {

TEST(Tally, CountsExchangesByRoleAndResult) {
  Ledger ledger;
  ledger.open("a/b");
  ledger.fold(ike::NegotiationFinished{"a/b", wire::ExchangeType::IkeAuth, sa::Role::Initiator, {}, {}});
  ledger.fold(ike::NegotiationFinished{
      "a/b", wire::ExchangeType::IkeSaInit, sa::Role::Responder, sample_failure(), {}});
  ledger.fold(ike::NegotiationFinished{
      "a/b", wire::ExchangeType::IkeSaInit, sa::Role::Responder, sample_failure(), {}});
  const Tally& tally = ledger.tallies().at("a/b");
  EXPECT_EQ(tally.negotiations[1][0][kResultOk], 1U);
  EXPECT_EQ(tally.negotiations[0][1][result_index(catalog::Reason::IkeProposalMismatch)], 2U);
}

TEST(Tally, CountsRekeysBySaInitiatorAndResult) {
  Ledger ledger;
  ledger.open("a/b");
  ledger.fold(ike::Rekeyed{"a/b", true, sa::Role::Initiator, true});
  ledger.fold(ike::Rekeyed{"a/b", false, sa::Role::Responder, false});
  ledger.fold(ike::Retransmitted{"a/b"});
  const Tally& tally = ledger.tallies().at("a/b");
  EXPECT_EQ(tally.rekeys[0][0][0], 1U);
  EXPECT_EQ(tally.rekeys[1][1][1], 1U);
  EXPECT_EQ(tally.retransmits, 1U);
}

TEST(Tally, HandshakesFallIntoEveryBucketAboveThem) {
  Ledger ledger;
  ledger.open("a/b");
  ledger.fold(ike::HandshakeCompleted{"a/b", sa::Role::Initiator, std::chrono::milliseconds(30)});
  ledger.fold(ike::HandshakeCompleted{"a/b", sa::Role::Initiator, std::chrono::seconds(60)});
  const Histogram& histogram = ledger.tallies().at("a/b").handshakes;
  EXPECT_EQ(histogram.count, 2U);
  EXPECT_DOUBLE_EQ(histogram.sum, 60.03);
  EXPECT_EQ(histogram.cumulative[2], 0U);  // 25 ms
  EXPECT_EQ(histogram.cumulative[3], 1U);  // 50 ms
  EXPECT_EQ(histogram.cumulative.back(), 1U);
}

TEST(Tally, EventsOfAnUnknownConnectionAreDropped) {
  Ledger ledger;
  ledger.open("a/b");
  ledger.close("a/b");
  ledger.fold(ike::Retransmitted{"a/b"});
  ledger.fold(ike::StateChanged{"a/b", catalog::Reason::Established, ""});
  EXPECT_TRUE(ledger.tallies().empty());
}

}  // namespace
}  // namespace hawser::status
