#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "operator/api/kinds.h"

namespace hawser::cluster {

// Who wants to know which status an object has at the server.
class StatusObserver {
 public:
  virtual ~StatusObserver() = default;
  // `status` is null when it has none.
  virtual void saw(const api::ObjectKey& key, uint64_t resource_version, const nlohmann::json& status) = 0;
  virtual void gone(const api::ObjectKey& key) = 0;
};

}  // namespace hawser::cluster
