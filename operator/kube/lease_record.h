#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "common/base/clock.h"

namespace hawser::kube {

// What a Lease says, as far as an election needs it.
struct LeaseRecord {
  std::string holder;  // empty: nobody
  std::string version;
  Duration duration{};  // zero: it does not say
  int64_t transitions = 0;
};
LeaseRecord read_lease(const nlohmann::json& lease);

// The Lease as it must be written. `lease` is as it was read, null when there is none yet; fields that are
// not ours are kept.
nlohmann::json renewed_lease(nlohmann::json lease, Duration duration, WallTime wall);
nlohmann::json acquired_lease(nlohmann::json lease, const std::string& name_space, const std::string& name,
                              const std::string& identity, Duration duration, WallTime wall);
nlohmann::json released_lease(nlohmann::json lease, WallTime wall);

}  // namespace hawser::kube
