#pragma once

#include <condition_variable>
#include <deque>
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
      unseen_.push_back(raw_->snapshot());
      changed_.notify_all();
    };
    std::lock_guard lock(mutex_);  // nothing is told before there is somebody to ask
    client_ = std::make_unique<GrpcSidecarClient>(std::move(options));
    raw_ = client_.get();
  }
  SidecarClient& operator*() { return *client_; }
  SidecarClient* operator->() { return client_.get(); }
  // Until a snapshot fulfils it, from the one last waited for: also a state that was over before the test
  // could look. Up to 10 s.
  bool wait_until(const std::function<bool(const SidecarSnapshot&)>& condition) {
    std::unique_lock lock(mutex_);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (true) {
      for (; !unseen_.empty(); unseen_.pop_front()) {
        if (condition(unseen_.front())) return true;
        if (unseen_.size() == 1) break;
      }
      const size_t looked_at = unseen_.size();
      if (!changed_.wait_until(lock, deadline, [&] { return unseen_.size() > looked_at; })) return false;
    }
  }
  bool wait_for(LinkState state) {
    return wait_until([state](const SidecarSnapshot& s) { return s.state == state; });
  }

 private:
  SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<SidecarSnapshot> unseen_;  // guarded by mutex_
  GrpcSidecarClient* raw_ = nullptr;    // outlives the calls that come while client_ is being destroyed
  std::unique_ptr<GrpcSidecarClient> client_;
};

}  // namespace hawser::sidecars
