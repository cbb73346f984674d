#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "operator/sidecars/grpc_sidecar_client.h"

namespace hawser::sidecars {

// A GrpcSidecarClient that retries within milliseconds and can be waited for.
class TestClient {
 public:
  explicit TestClient(SidecarAddress address, uint64_t epoch = 3) {
    GrpcSidecarClient::Options options;
    options.address = std::move(address);
    options.identity = {"test", epoch, "operator-test"};
    options.backoff = {std::chrono::milliseconds(5), std::chrono::milliseconds(50),
                       std::chrono::milliseconds(50)};
    options.jitter = std::make_shared<SeededJitter>(1);
    options.clock = &clock_;
    options.on_changed = [this] {
      std::lock_guard lock(mutex_);
      changed_.notify_all();
    };
    client_ = std::make_unique<GrpcSidecarClient>(std::move(options));
  }
  SidecarClient& operator*() { return *client_; }
  SidecarClient* operator->() { return client_.get(); }
  // Up to 10 s.
  bool wait_until(const std::function<bool(const SidecarSnapshot&)>& condition) {
    std::unique_lock lock(mutex_);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (true) {
      lock.unlock();
      const bool holds = condition(client_->snapshot());
      lock.lock();
      if (holds) return true;
      // A change between the look and the wait is seen by the next look, at the latest 20 ms later.
      if (std::chrono::steady_clock::now() >= deadline) return false;
      changed_.wait_for(lock, std::chrono::milliseconds(20));
    }
  }
  bool wait_for(LinkState state) {
    return wait_until([state](const SidecarSnapshot& s) { return s.state == state; });
  }

 private:
  SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<GrpcSidecarClient> client_;
};

}  // namespace hawser::sidecars
