#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/base/result.h"

namespace hawser::kube {

// Answers GET /healthz and GET /readyz in plain HTTP: 200 "ok", or 503 with the text of the failing check. A
// check is called from the listener's threads and must be quick; an empty text means that all is well.
class HealthListener {
 public:
  using Check = std::function<std::string()>;
  struct Checks {
    Check healthy;
    Check ready;
  };
  // Host is an address; "0.0.0.0" listens on all. Unavailable when the address cannot be bound.
  static Result<std::unique_ptr<HealthListener>> start(const std::string& host, uint16_t port, Checks checks);
  ~HealthListener();

 private:
  struct Impl;
  explicit HealthListener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hawser::kube
