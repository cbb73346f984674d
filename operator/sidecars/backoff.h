#pragma once

#include <algorithm>
#include <memory>

#include "common/base/clock.h"
#include "common/base/random.h"

namespace hawser::sidecars {

// Waiting times between attempts: each 1.6 times the one before, up to a cap, and anywhere between four
// fifths and all of it, so that many operators or many streams do not knock in step.
class Backoff {
 public:
  struct Limits {
    Duration first = std::chrono::milliseconds(200);
    Duration cap = std::chrono::seconds(30);
    Duration refused = std::chrono::seconds(30);  // another operator is in charge: there is no hurry
  };
  Backoff(Limits limits, std::shared_ptr<Jitter> jitter)
      : limits_(limits), jitter_(std::move(jitter)), current_(limits.first) {}

  Duration next() {
    const Duration wait = std::min(current_, limits_.cap);
    current_ = std::min(Duration(current_.count() / 5 * 8), limits_.cap);
    return spread(wait);
  }
  Duration next_refused() { return spread(limits_.refused); }
  void reset() { current_ = limits_.first; }

 private:
  Duration spread(Duration wait) { return jitter_->between(wait / 5 * 4, wait); }
  Limits limits_;
  std::shared_ptr<Jitter> jitter_;
  Duration current_;
};

}  // namespace hawser::sidecars
