#include "operator/metrics/collect.h"

#include <limits>
#include <utility>

namespace hawser::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr const char* kController = "hawser";

using Labels = std::vector<std::pair<std::string, std::string>>;

class FamilyBuilder {
 public:
  FamilyBuilder(std::string name, std::string help, MetricType type) {
    family_.name = std::move(name);
    family_.help = std::move(help);
    family_.type = type;
  }
  FamilyBuilder& add(double value, const Labels& labels) {
    ClientMetric& metric = add_metric(labels);
    if (family_.type == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    return *this;
  }
  FamilyBuilder& add(const Histogram& histogram, const Labels& labels) {
    ClientMetric& metric = add_metric(labels);
    uint64_t cumulative = 0;
    for (size_t i = 0; i < histogram.counts.size(); ++i) {
      cumulative += histogram.counts[i];
      const double bound =
          i < Histogram::kBounds.size() ? Histogram::kBounds[i] : std::numeric_limits<double>::infinity();
      metric.histogram.bucket.push_back({cumulative, bound});
    }
    metric.histogram.sample_count = cumulative;
    metric.histogram.sample_sum = histogram.sum;
    return *this;
  }
  MetricFamily take() { return std::move(family_); }

 private:
  ClientMetric& add_metric(const Labels& labels) {
    ClientMetric& metric = family_.metric.emplace_back();
    for (const auto& [name, value] : labels) metric.label.push_back({name, value});
    return metric;
  }
  MetricFamily family_;
};

void collect_objects(const OperatorStats& stats, std::vector<MetricFamily>& out) {
  FamilyBuilder objects("hawser_operator_objects", "Objects by kind and status of a condition.",
                        MetricType::Gauge);
  for (const auto& [labels, count] : stats.objects) {
    const auto& [kind, condition, status] = labels;
    objects.add(static_cast<double>(count), {{"kind", kind}, {"condition", condition}, {"status", status}});
  }
  out.push_back(objects.take());
}

void collect_sidecars(const OperatorStats& stats, std::vector<MetricFamily>& out) {
  FamilyBuilder connected("hawser_operator_sidecar_connected", "1 while the stream to the sidecar is up.",
                          MetricType::Gauge);
  FamilyBuilder sent("hawser_operator_config_generation",
                     "Generation of the state sent on this stream; 0 before the first.", MetricType::Gauge);
  FamilyBuilder applied("hawser_operator_config_applied_generation",
                        "Generation of the state that the sidecar acknowledged on this stream.",
                        MetricType::Gauge);
  for (const SidecarStats& sidecar : stats.sidecars) {
    connected.add(sidecar.connected ? 1 : 0, {{"node", sidecar.node}});
    sent.add(static_cast<double>(sidecar.generation), {{"node", sidecar.node}});
    applied.add(static_cast<double>(sidecar.applied_generation), {{"node", sidecar.node}});
  }
  out.push_back(connected.take());
  out.push_back(sent.take());
  out.push_back(applied.take());
}

void collect_controller(const OperatorStats& stats, std::vector<MetricFamily>& out) {
  const Labels controller = {{"controller", kController}};
  auto with_result = [](const char* result) {
    return Labels{{"controller", kController}, {"result", result}};
  };
  out.push_back(
      FamilyBuilder("controller_runtime_reconcile_total", "Reconciles by result.", MetricType::Counter)
          .add(static_cast<double>(stats.reconciles_ok), with_result("success"))
          .add(static_cast<double>(stats.reconciles_failed), with_result("error"))
          .add(0, with_result("requeue"))
          .add(0, with_result("requeue_after"))
          .take());
  out.push_back(FamilyBuilder("controller_runtime_reconcile_errors_total",
                              "Reconciles that ended in an error.", MetricType::Counter)
                    .add(static_cast<double>(stats.reconciles_failed), controller)
                    .take());
  out.push_back(FamilyBuilder("controller_runtime_reconcile_time_seconds", "Time of one reconcile.",
                              MetricType::Histogram)
                    .add(stats.reconcile_seconds, controller)
                    .take());
  out.push_back(FamilyBuilder("controller_runtime_max_concurrent_reconciles",
                              "Reconciles that may run at once.", MetricType::Gauge)
                    .add(1, controller)
                    .take());
  out.push_back(
      FamilyBuilder("controller_runtime_active_workers", "Reconciles that run now.", MetricType::Gauge)
          .add(stats.reconciling ? 1 : 0, controller)
          .take());
}

void collect_queue(const OperatorStats& stats, std::vector<MetricFamily>& out) {
  const Labels queue = {{"name", kController}, {"controller", kController}};
  auto push = [&](const char* name, const char* help, MetricType type, double value) {
    out.push_back(FamilyBuilder(name, help, type).add(value, queue).take());
  };
  push("workqueue_depth", "Items that wait.", MetricType::Gauge, static_cast<double>(stats.queue_depth));
  push("workqueue_adds_total", "Items added.", MetricType::Counter, static_cast<double>(stats.queue_adds));
  push("workqueue_retries_total", "Items added again after a failure.", MetricType::Counter,
       static_cast<double>(stats.queue_retries));
  out.push_back(
      FamilyBuilder("workqueue_queue_duration_seconds", "Time an item waits.", MetricType::Histogram)
          .add(stats.queue_seconds, queue)
          .take());
  out.push_back(FamilyBuilder("workqueue_work_duration_seconds", "Time the work on an item takes.",
                              MetricType::Histogram)
                    .add(stats.reconcile_seconds, queue)
                    .take());
}

void collect_requests(const OperatorStats& stats, std::vector<MetricFamily>& out) {
  FamilyBuilder requests("rest_client_requests_total", "Requests to the API server by method and status.",
                         MetricType::Counter);
  // "<error>" is client-go's word for no answer.
  for (const auto& [what, count] : stats.api_requests)
    requests.add(
        static_cast<double>(count),
        {{"method", what.first}, {"code", what.second == 0 ? "<error>" : std::to_string(what.second)}});
  out.push_back(requests.take());
}

}  // namespace

std::vector<prometheus::MetricFamily> collect(const OperatorStats& stats) {
  std::vector<MetricFamily> out;
  collect_objects(stats, out);
  collect_sidecars(stats, out);
  collect_controller(stats, out);
  collect_queue(stats, out);
  collect_requests(stats, out);
  return out;
}

}  // namespace hawser::metrics
