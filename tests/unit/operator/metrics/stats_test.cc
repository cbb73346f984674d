#include "operator/metrics/stats.h"

#include <gtest/gtest.h>

namespace hawser::metrics {
namespace {

TEST(MetricsHistogram, PutsAValueIntoTheFirstBucketThatHoldsIt) {
  Histogram histogram;
  histogram.observe(0.001);
  histogram.observe(0.002);
  histogram.observe(1000);
  EXPECT_EQ(histogram.counts[0], 1u);
  EXPECT_EQ(histogram.counts[1], 1u);
  EXPECT_EQ(histogram.counts.back(), 1u);
  EXPECT_DOUBLE_EQ(histogram.sum, 1000.003);
}

TEST(CountObjects, EveryKindHasItsReadySeriesEvenWithoutObjects) {
  auto counts = count_objects({});
  EXPECT_EQ(counts.size(), 15u);
  EXPECT_EQ(counts.at({"Connection", "Ready", "True"}), 0u);
  EXPECT_FALSE(counts.contains({"Secret", "Ready", "True"}));
}

TEST(CountObjects, CountsByConditionAndStatus) {
  controller::Statuses statuses;
  controller::ObjectStatus ready;
  ready.status.conditions.push_back(
      {catalog::ConditionType::Ready, api::ConditionStatus::True, catalog::Reason::Ready, "", 1, ""});
  for (const char* name : {"a", "b"})
    statuses[{api::Kind::Connection, "default", name}] =
        std::make_shared<const controller::ObjectStatus>(ready);
  EXPECT_EQ(count_objects(statuses).at({"Connection", "Ready", "True"}), 2u);
}

TEST(CountSidecars, TellsWhatWasSentAndTaken) {
  sidecars::SidecarSnapshot up;
  up.name = "a";
  up.state = sidecars::LinkState::Connected;
  up.generation = 7;
  up.applied_generation = 6;
  auto stats = count_sidecars({up});
  ASSERT_EQ(stats.size(), 1u);
  EXPECT_TRUE(stats[0].connected);
  EXPECT_EQ(stats[0].generation, 7u);
  EXPECT_EQ(stats[0].applied_generation, 6u);
}

}  // namespace
}  // namespace hawser::metrics
