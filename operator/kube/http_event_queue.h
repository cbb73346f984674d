#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "operator/kube/http_transport.h"

namespace hawser::kube {

// From the transport's threads to the client's. Rings once for everything that came since the last take().
class HttpEventQueue {
 public:
  struct Entry {
    uint64_t operation;
    int attempt;
    HttpEvent event;
  };
  explicit HttpEventQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  void push(uint64_t operation, int attempt, HttpEvent event) {
    bool first = false;
    {
      std::lock_guard lock(mutex_);
      first = entries_.empty();
      entries_.push_back({operation, attempt, std::move(event)});
    }
    if (first && wake_) wake_();
  }
  std::vector<Entry> take() {
    std::lock_guard lock(mutex_);
    return std::exchange(entries_, {});
  }

 private:
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<Entry> entries_;
};

}  // namespace hawser::kube
