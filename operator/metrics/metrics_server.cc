#include "operator/metrics/metrics_server.h"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>

#include <utility>

#include "operator/metrics/collect.h"

namespace hawser::metrics {
namespace {

// Series are made at each scrape from what is known then, so those of objects that are gone are gone too.
class StatsCollectable final : public prometheus::Collectable {
 public:
  explicit StatsCollectable(MetricsServer::Source stats) : stats_(std::move(stats)) {}
  std::vector<prometheus::MetricFamily> Collect() const override { return collect(*stats_()); }

 private:
  MetricsServer::Source stats_;
};

}  // namespace

struct MetricsServer::Impl {
  // The exposer holds the collectable weakly.
  std::shared_ptr<StatsCollectable> collectable;
  std::unique_ptr<prometheus::Exposer> exposer;
};

MetricsServer::MetricsServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MetricsServer::~MetricsServer() = default;

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(const std::string& address, Source stats) {
  auto impl = std::make_unique<Impl>();
  impl->collectable = std::make_shared<StatsCollectable>(std::move(stats));
  try {
    // Whoever connects and says nothing holds a thread, for 3 s at most.
    impl->exposer = std::make_unique<prometheus::Exposer>(std::vector<std::string>{
        "listening_ports", address, "num_threads", "4", "request_timeout_ms", "3000"});
    impl->exposer->RegisterCollectable(impl->collectable, "/metrics");
  } catch (const std::exception&) {
    return Error{ErrorCode::Unavailable,
                 "cannot serve metrics on " + address + ": is the address ours, and the port free?"};
  }
  return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(impl)));
}

int MetricsServer::port() const {
  const auto ports = impl_->exposer->GetListeningPorts();
  return ports.empty() ? 0 : ports.front();
}

}  // namespace hawser::metrics
