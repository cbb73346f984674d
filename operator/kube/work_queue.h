#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "common/base/check.h"
#include "common/base/clock.h"

namespace hawser::kube {

// client-go's rate-limited work queue, without its threads: a key is there once, is never worked on twice at
// a time, and what is added while it is worked on comes again after done(). Belongs to one thread.
template <typename Key>
class WorkQueue {
 public:
  struct Limits {
    Duration base = std::chrono::milliseconds(5);  // the n-th failure in a row (n from 0) waits base * 2^n
    Duration cap = std::chrono::seconds(1000);
  };
  explicit WorkQueue(Limits limits = {}) : limits_(limits) {}

  void add(const Key& key) {
    if (!wanted_.insert(key).second) return;
    ++adds_;
    if (!processing_.contains(key)) ready_.push_back(key);
  }

  // The earlier time wins when it waits already. That it is ready already changes nothing: it comes again.
  void add_after(const Key& key, TimePoint when) {
    ++retries_;
    auto [place, is_new] = due_.emplace(key, when);
    if (!is_new) {
      if (place->second <= when) return;
      waiting_.erase({place->second, key});
      place->second = when;
    }
    waiting_.insert({when, key});
  }

  void add_rate_limited(const Key& key, TimePoint now) { add_after(key, now + next_wait(key)); }

  // The key did well: its next failure counts as the first.
  void forget(const Key& key) { failures_.erase(key); }

  // The next key to work on; nullopt when none is due.
  std::optional<Key> get(TimePoint now) {
    while (!waiting_.empty() && waiting_.begin()->first <= now) {
      const Key key = waiting_.begin()->second;
      waiting_.erase(waiting_.begin());
      due_.erase(key);
      add(key);
    }
    if (ready_.empty()) return std::nullopt;
    Key key = std::move(ready_.front());
    ready_.pop_front();
    wanted_.erase(key);
    processing_.insert(key);
    return key;
  }

  // REQUIRES: get() gave this key.
  void done(const Key& key) {
    CHECK(processing_.erase(key) == 1);
    if (wanted_.contains(key)) ready_.push_back(key);
  }

  // When the first of the keys that wait is due. Those that are ready (depth) are not in it: they are due
  // now.
  std::optional<TimePoint> next_deadline() const {
    if (waiting_.empty()) return std::nullopt;
    return waiting_.begin()->first;
  }
  size_t depth() const { return ready_.size(); }  // ready, without those that wait
  size_t waiting() const { return waiting_.size(); }
  size_t processing() const { return processing_.size(); }
  uint64_t adds() const { return adds_; }
  uint64_t retries() const { return retries_; }  // add_after() and add_rate_limited()

 private:
  Duration next_wait(const Key& key) {
    int& failures = failures_[key];
    Duration wait = limits_.base;
    // Doubling stops at the cap, so that no number of failures overflows.
    for (int i = 0; i < failures && wait < limits_.cap; ++i) wait *= 2;
    if (wait >= limits_.cap) return limits_.cap;
    ++failures;
    return wait;
  }

  Limits limits_;
  std::deque<Key> ready_;
  std::set<Key> wanted_;      // ready, or added while it was worked on
  std::set<Key> processing_;  // given out by get() and not done
  std::map<Key, TimePoint> due_;
  std::set<std::pair<TimePoint, Key>> waiting_;  // due_ by time
  std::map<Key, int> failures_;                  // in a row
  uint64_t adds_ = 0, retries_ = 0;
};

}  // namespace hawser::kube
