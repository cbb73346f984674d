#include "operator/metrics/collect.h"

#include <gtest/gtest.h>
#include <prometheus/check_names.h>

#include <set>

namespace hawser::metrics {
namespace {

TEST(Collect, HasTheNamesThatDashboardsKnow) {
  std::set<std::string> names;
  for (const auto& family : collect({})) names.insert(family.name);
  for (const char* name :
       {"hawser_operator_objects", "hawser_operator_sidecar_connected", "hawser_operator_config_generation",
        "hawser_operator_config_applied_generation", "controller_runtime_reconcile_total",
        "controller_runtime_reconcile_errors_total", "controller_runtime_reconcile_time_seconds",
        "controller_runtime_max_concurrent_reconciles", "controller_runtime_active_workers",
        "workqueue_depth", "workqueue_adds_total", "workqueue_retries_total",
        "workqueue_queue_duration_seconds", "workqueue_work_duration_seconds", "rest_client_requests_total"})
    EXPECT_TRUE(names.contains(name)) << name;
}

TEST(Collect, IsValidPrometheus) {
  OperatorStats stats;
  stats.sidecars.push_back({"node-a", true, 3, 2});
  stats.objects[{"Connection", "Ready", "True"}] = 1;
  std::set<std::string> seen;
  for (const auto& family : collect(stats)) {
    EXPECT_TRUE(prometheus::CheckMetricName(family.name)) << family.name;
    EXPECT_TRUE(seen.insert(family.name).second) << family.name << " comes twice";
    EXPECT_FALSE(family.help.empty()) << family.name;
    EXPECT_EQ(family.name.ends_with("_total"), family.type == prometheus::MetricType::Counter) << family.name;
  }
}

TEST(Collect, BucketsAreCumulativeAndEndAtInfinity) {
  OperatorStats stats;
  stats.reconcile_seconds.observe(0.002);
  stats.reconcile_seconds.observe(0.2);
  for (const auto& family : collect(stats)) {
    if (family.name != "controller_runtime_reconcile_time_seconds") continue;
    const auto& histogram = family.metric.at(0).histogram;
    EXPECT_EQ(histogram.sample_count, 2u);
    EXPECT_DOUBLE_EQ(histogram.sample_sum, 0.202);
    EXPECT_EQ(histogram.bucket.front().cumulative_count, 0u);
    EXPECT_EQ(histogram.bucket.back().cumulative_count, 2u);
    for (size_t i = 1; i < histogram.bucket.size(); ++i)
      EXPECT_GE(histogram.bucket[i].cumulative_count, histogram.bucket[i - 1].cumulative_count);
    return;
  }
  FAIL() << "no such family";
}

TEST(Collect, TellsRequestsAsClientGoDoes) {
  OperatorStats stats;
  stats.api_requests = {{{"GET", 200}, 7}, {{"PATCH", 0}, 2}};
  for (const auto& family : collect(stats)) {
    if (family.name != "rest_client_requests_total") continue;
    ASSERT_EQ(family.metric.size(), 2u);
    EXPECT_EQ(family.metric[0].label.at(1).value, "200");
    EXPECT_EQ(family.metric[0].counter.value, 7);
    EXPECT_EQ(family.metric[1].label.at(0).value, "PATCH");
    EXPECT_EQ(family.metric[1].label.at(1).value, "<error>");
    return;
  }
  FAIL() << "no such family";
}

}  // namespace
}  // namespace hawser::metrics
