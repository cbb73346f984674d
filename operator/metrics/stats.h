#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "operator/controller/decision.h"
#include "operator/sidecars/sidecar_client.h"

// What the operator's metrics are made of. Plain values; published as a whole, read by the exposer.
namespace hawser::metrics {

// Seconds; cumulative only when exported.
struct Histogram {
  static constexpr std::array<double, 14> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                     0.25,  0.5,    1,     2.5,  5,     10,   60};
  std::array<uint64_t, kBounds.size() + 1> counts{};
  double sum = 0;
  void observe(double seconds);
};

struct SidecarStats {
  std::string node;
  bool connected = false;
  uint64_t generation = 0;
  uint64_t applied_generation = 0;
};

struct OperatorStats {
  // Objects by kind, condition and status of the condition.
  std::map<std::tuple<std::string, std::string, std::string>, uint64_t> objects;
  std::vector<SidecarStats> sidecars;
  // The one controller reconciles all objects in one pass.
  uint64_t reconciles_ok = 0;
  uint64_t reconciles_failed = 0;
  bool reconciling = false;
  Histogram reconcile_seconds;
  // Its queue has one item: "look again". An add while it waits adds nothing.
  uint64_t queue_depth = 0;
  uint64_t queue_adds = 0;
  uint64_t queue_retries = 0;
  Histogram queue_seconds;
  // Requests to the API server by method and status; 0: no answer. None in folder mode.
  std::map<std::pair<std::string, int>, uint64_t> api_requests;
};

// Every kind, condition and status has its count, 0 included, so that a series never vanishes.
std::map<std::tuple<std::string, std::string, std::string>, uint64_t> count_objects(
    const controller::Statuses& statuses);
std::vector<SidecarStats> count_sidecars(const std::vector<sidecars::SidecarSnapshot>& snapshots);

}  // namespace hawser::metrics
