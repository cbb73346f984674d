#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "common/base/clock.h"

namespace hawser::kube {

// client-go's rate-limited work queue, without its threads: a key is there once, is never worked on twice at
// a time, and what is added while it is worked on comes again after done(). Belongs to one thread.
template <typename Key>
class WorkQueue {
 public:
  struct Limits {
    Duration base = std::chrono::milliseconds(5);  // the n-th failure in a row waits base * 2^n
    Duration cap = std::chrono::seconds(1000);
  };
  explicit WorkQueue(Limits limits = {});

  void add(const Key& key);
  // The earlier time wins when it waits already.
  void add_after(const Key& key, TimePoint when);
  void add_rate_limited(const Key& key, TimePoint now);
  // The key did well: its next failure counts as the first.
  void forget(const Key& key);
  // The next key to work on; nullopt when none is due.
  std::optional<Key> get(TimePoint now);
  // REQUIRES: get() gave this key.
  void done(const Key& key);
  std::optional<TimePoint> next_deadline() const;
  size_t depth() const;  // ready, without those that wait
  uint64_t adds() const;
  uint64_t retries() const;
};

}  // namespace hawser::kube
