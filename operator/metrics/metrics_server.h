#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/base/result.h"
#include "operator/metrics/stats.h"

namespace hawser::metrics {

// Serves GET /metrics. `stats` is asked at each scrape, from the server's threads; it never returns null.
class MetricsServer {
 public:
  using Source = std::function<std::shared_ptr<const OperatorStats>()>;
  // "0.0.0.0:9449"; port 0 takes a free one. Unavailable when the address cannot be bound.
  static Result<std::unique_ptr<MetricsServer>> start(const std::string& address, Source stats);
  ~MetricsServer();
  int port() const;

 private:
  struct Impl;
  explicit MetricsServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hawser::metrics
