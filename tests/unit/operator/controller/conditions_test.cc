#include "operator/controller/conditions.h"

#include <gtest/gtest.h>

namespace hawser::controller {
namespace {

using api::ConditionStatus;
using catalog::ConditionType;
using catalog::Reason;
using std::chrono::seconds;

constexpr auto kTrue = ConditionStatus::True;
constexpr auto kFalse = ConditionStatus::False;
constexpr auto kUnknown = ConditionStatus::Unknown;

TEST(Conditions, TransitionTimeMovesOnlyWithTheStatus) {
  api::Status before;
  Conditions first(nullptr, 1, WallTime(seconds(100)));
  first.set(ConditionType::Accepted, kTrue, Reason::Accepted, "");
  before.conditions = first.take();
  Conditions same(&before, 2, WallTime(seconds(200)));
  same.set(ConditionType::Accepted, kTrue, Reason::Accepted, "another message");
  EXPECT_EQ(same.find(ConditionType::Accepted)->last_transition_time, "1970-01-01T00:01:40Z");
  EXPECT_EQ(same.find(ConditionType::Accepted)->observed_generation, 2);
  Conditions moved(&before, 2, WallTime(seconds(200)));
  moved.set(ConditionType::Accepted, kFalse, Reason::InvalidSpec, "");
  EXPECT_EQ(moved.find(ConditionType::Accepted)->last_transition_time, "1970-01-01T00:03:20Z");
}

TEST(Conditions, AMessageIsNoLongerThanAConditionMayHaveIt) {
  Conditions conditions(nullptr, 1, WallTime{});
  conditions.set(ConditionType::Programmed, kFalse, Reason::InstallFailed, std::string(1 << 20, 'x'));
  EXPECT_EQ(conditions.find(ConditionType::Programmed)->message, std::string(32767, 'x') + "…");
}

TEST(Conditions, StandInTheOrderOfTheCatalogue) {
  Conditions conditions(nullptr, 1, WallTime{});
  conditions.set(ConditionType::Established, kTrue, Reason::Established, "");
  conditions.set(ConditionType::ResolvedRefs, kTrue, Reason::Resolved, "");
  conditions.set(ConditionType::Accepted, kTrue, Reason::Accepted, "");
  auto all = conditions.take();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].type, ConditionType::ResolvedRefs);
  EXPECT_EQ(all[2].type, ConditionType::Established);
}

TEST(Conditions, ReadyIsTheFirstThatIsNotTrue) {
  Conditions conditions(nullptr, 1, WallTime{});
  conditions.set(ConditionType::Accepted, kTrue, Reason::Accepted, "");
  conditions.set(ConditionType::Programmed, kUnknown, Reason::Pending, "soon");
  conditions.set(ConditionType::Established, kFalse, Reason::Connecting, "");
  conditions.set_ready();
  const api::Condition* ready = conditions.find(ConditionType::Ready);
  EXPECT_EQ(ready->status, kUnknown);
  EXPECT_EQ(ready->reason, Reason::Pending);
  EXPECT_EQ(ready->message, "soon");
}

TEST(Conditions, APfsThatNobodyCheckedLeavesATunnelReady) {
  for (const auto& [status, reason, ready] :
       {std::tuple{kUnknown, Reason::NotChecked, kTrue}, std::tuple{kTrue, Reason::NotRequired, kTrue},
        std::tuple{kFalse, Reason::PfsMismatch, kFalse}}) {
    Conditions conditions(nullptr, 1, WallTime{});
    conditions.set(ConditionType::Established, kTrue, Reason::Established, "");
    conditions.set(ConditionType::PfsVerified, status, reason, "");
    conditions.set_ready();
    EXPECT_EQ(conditions.find(ConditionType::Ready)->status, ready) << catalog::name(reason);
  }
}

}  // namespace
}  // namespace hawser::controller
