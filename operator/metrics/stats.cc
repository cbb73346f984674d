#include "operator/metrics/stats.h"

#include <algorithm>

namespace hawser::metrics {

using api::ConditionStatus;
using catalog::ConditionType;

void Histogram::observe(double seconds) {
  const auto bound = std::ranges::lower_bound(kBounds, seconds);
  ++counts[static_cast<size_t>(bound - kBounds.begin())];
  sum += seconds;
}

std::map<std::tuple<std::string, std::string, std::string>, uint64_t> count_objects(
    const std::map<api::ObjectKey, controller::ObjectStatus>& statuses) {
  std::map<std::tuple<std::string, std::string, std::string>, uint64_t> counts;
  for (const api::KindRow& kind : api::kKinds) {
    if (kind.kind == api::Kind::Secret) continue;
    for (const char* status : {"True", "False", "Unknown"})
      counts[{std::string(kind.name), "Ready", status}] = 0;
  }
  for (const auto& [key, object] : statuses)
    for (const api::Condition& condition : object.status.conditions)
      ++counts[{std::string(api::row(key.kind).name), std::string(catalog::name(condition.type)),
                api::to_string(condition.status)}];
  return counts;
}

std::vector<SidecarStats> count_sidecars(const std::vector<sidecars::SidecarSnapshot>& snapshots) {
  std::vector<SidecarStats> stats;
  for (const auto& snapshot : snapshots)
    stats.push_back({snapshot.name, snapshot.state == sidecars::LinkState::Connected, snapshot.generation,
                     snapshot.applied_generation});
  return stats;
}

}  // namespace hawser::metrics
