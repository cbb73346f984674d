#include "sidecar/metrics/exposition.h"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/text_serializer.h>

#include <atomic>
#include <exception>

#include "sidecar/metrics/collect.h"

namespace hawser::metrics {
namespace {

// Whoever connects and says nothing holds one of them for as long: no more than a few seconds, and not all at
// once.
constexpr const char* kThreads = "8";
constexpr const char* kIdleLimit = "3000";

class Published final : public prometheus::Collectable {
 public:
  void publish(std::shared_ptr<const status::Snapshot> snapshot) { snapshot_.store(std::move(snapshot)); }
  std::vector<prometheus::MetricFamily> Collect() const override {
    const auto snapshot = snapshot_.load();
    return snapshot ? collect(*snapshot) : std::vector<prometheus::MetricFamily>();
  }

 private:
  std::atomic<std::shared_ptr<const status::Snapshot>> snapshot_;
};

}  // namespace

struct Exposition::Impl {
  std::shared_ptr<Published> published = std::make_shared<Published>();
  std::unique_ptr<prometheus::Exposer> exposer;  // ends before what it reads
};

Exposition::Exposition(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Exposition::~Exposition() = default;

Result<std::unique_ptr<Exposition>> Exposition::start(const std::string& address) {
  auto impl = std::make_unique<Impl>();
  try {
    impl->exposer = std::make_unique<prometheus::Exposer>(std::vector<std::string>{
        "listening_ports", address, "num_threads", kThreads, "request_timeout_ms", kIdleLimit});
    impl->exposer->RegisterCollectable(impl->published);
  } catch (const std::exception&) {
    return Error{ErrorCode::Unavailable,
                 "--metrics-address " + address +
                     ": cannot listen there; give HOST:PORT, an address of this node and a free port"};
  }
  return std::unique_ptr<Exposition>(new Exposition(std::move(impl)));
}

void Exposition::publish(std::shared_ptr<const status::Snapshot> snapshot) {
  impl_->published->publish(std::move(snapshot));
}

int Exposition::port() const {
  const auto ports = impl_->exposer->GetListeningPorts();
  return ports.empty() ? 0 : ports.front();
}

std::string to_text(const status::Snapshot& snapshot) {
  return prometheus::TextSerializer().Serialize(collect(snapshot));
}

}  // namespace hawser::metrics
