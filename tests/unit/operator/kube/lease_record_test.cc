#include "operator/kube/lease_record.h"

#include <gtest/gtest.h>

#include "operator/kube/micro_time.h"

namespace hawser::kube {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(MicroTime, HasExactlySixDecimals) {
  const WallTime second(seconds(1795463639));
  EXPECT_EQ(format_micro_time(second), "2026-11-23T19:53:59.000000Z");
  EXPECT_EQ(format_micro_time(second + microseconds(42)), "2026-11-23T19:53:59.000042Z");
  EXPECT_EQ(format_micro_time(second + nanoseconds(999999999)), "2026-11-23T19:53:59.999999Z")
      << "never rounded up";
  EXPECT_EQ(format_micro_time(WallTime(microseconds(-1))), "1969-12-31T23:59:59.999999Z");
}

TEST(LeaseRecord, ReadsWhatIsThere) {
  const LeaseRecord record = read_lease(nlohmann::json::parse(
      R"({"metadata":{"resourceVersion":"7"},
          "spec":{"holderIdentity":"a","leaseDurationSeconds":15,"leaseTransitions":3}})"));
  EXPECT_EQ(record.holder, "a");
  EXPECT_EQ(record.version, "7");
  EXPECT_EQ(record.duration, seconds(15));
  EXPECT_EQ(record.transitions, 3);
}

TEST(LeaseRecord, NonsenseReadsAsNothing) {
  for (const char* text :
       {"null", "{}", "[]", R"({"spec":null})", R"({"spec":[]})",
        R"({"spec":{"holderIdentity":null,"leaseDurationSeconds":"x","leaseTransitions":-4}})"}) {
    const LeaseRecord record = read_lease(nlohmann::json::parse(text));
    EXPECT_EQ(record.holder, "") << text;
    EXPECT_EQ(record.duration, Duration::zero()) << text;
    EXPECT_EQ(record.transitions, 0) << text;
  }
}

TEST(LeaseRecord, NonsenseIsWrittenOver) {
  const WallTime wall{seconds(1795463639)};
  for (const char* text : {R"({"spec":null})", R"({"spec":[]})", R"({"spec":"x"})", R"({"spec":7})", "{}"}) {
    const nlohmann::json lease = nlohmann::json::parse(text);
    EXPECT_EQ(acquired_lease(lease, "n", "l", "b", seconds(15), wall)["spec"]["holderIdentity"], "b") << text;
    EXPECT_EQ(renewed_lease(lease, seconds(15), wall)["spec"]["renewTime"], "2026-11-23T19:53:59.000000Z")
        << text;
    EXPECT_EQ(released_lease(lease, wall)["spec"]["holderIdentity"], "") << text;
  }
}

TEST(LeaseRecord, TakeoverCountsAndKeepsWhatIsNotOurs) {
  nlohmann::json lease = {{"metadata", {{"name", "l"}, {"labels", {{"x", "y"}}}}},
                          {"spec", {{"holderIdentity", "a"}, {"leaseTransitions", 4}, {"strategy", "z"}}}};
  const WallTime wall{seconds(1795463639)};
  lease = acquired_lease(lease, "n", "l", "b", seconds(15), wall);
  EXPECT_EQ(lease["spec"]["holderIdentity"], "b");
  EXPECT_EQ(lease["spec"]["leaseTransitions"], 5);
  EXPECT_EQ(lease["spec"]["strategy"], "z");
  EXPECT_EQ(lease["metadata"]["labels"]["x"], "y");
  lease["spec"]["leaseDurationSeconds"] = 2147483647;  // somebody else's word
  lease = renewed_lease(lease, seconds(15), wall + seconds(2));
  EXPECT_EQ(lease["spec"]["leaseDurationSeconds"], 15);
  EXPECT_EQ(lease["spec"]["acquireTime"], "2026-11-23T19:53:59.000000Z") << "kept on renewal";
  EXPECT_EQ(lease["spec"]["renewTime"], "2026-11-23T19:54:01.000000Z");
  EXPECT_EQ(lease["spec"]["leaseTransitions"], 5);
}

}  // namespace
}  // namespace hawser::kube
