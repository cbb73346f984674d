#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <string>

#include "common/base/clock.h"

namespace hawser::kube {

// How many new events an object may have: 25 at once, then one in 5 minutes. An object that flaps must not
// push the events of others out of sight.
class EventLimit {
 public:
  bool allow(const std::string& object, TimePoint now) {
    Bucket& bucket = buckets_.try_emplace(object, Bucket{now}).first->second;
    // The bucket is a time: how far the events given out reach beyond now, at 5 min each.
    bucket.full_at = std::max(bucket.full_at, now);
    if (bucket.full_at - now > kEach * (kBurst - 1)) return false;
    bucket.full_at += kEach;
    return true;
  }
  // Forgets objects that have all their events again.
  void sweep(TimePoint now) {
    std::erase_if(buckets_, [now](const auto& entry) { return entry.second.full_at <= now; });
  }
  size_t size() const { return buckets_.size(); }

 private:
  static constexpr Duration kEach = std::chrono::minutes(5);
  static constexpr int kBurst = 25;
  struct Bucket {
    TimePoint full_at;
  };
  std::map<std::string, Bucket> buckets_;
};

}  // namespace hawser::kube
