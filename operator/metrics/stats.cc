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
    const controller::Statuses& statuses) {
  std::map<std::tuple<std::string, std::string, std::string>, uint64_t> counts;
  for (const api::KindRow& kind : api::kKinds) {
    if (kind.kind == api::Kind::Secret) continue;
    for (const char* status : {"True", "False", "Unknown"})
      counts[{std::string(kind.name), "Ready", status}] = 0;
  }
  std::map<std::tuple<api::Kind, ConditionType, ConditionStatus>, uint64_t> seen;
  for (const auto& [key, object] : statuses)
    for (const api::Condition& condition : object->status.conditions)
      ++seen[{key.kind, condition.type, condition.status}];
  for (const auto& [which, count] : seen) {
    const auto& [kind, type, status] = which;
    counts[{std::string(api::row(kind).name), std::string(catalog::name(type)), api::to_string(status)}] =
        count;
  }
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
