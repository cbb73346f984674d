#pragma once

#include <optional>

#include "common/base/clock.h"
#include "common/base/random.h"

namespace hawser::app {

// When everything is judged anew although nothing happened: what went wrong without an event heals then.
class Resync {
 public:
  // Zero: never. Up to a tenth is added each time, so that operators that started together part.
  Resync(Duration period, uint64_t seed) : period_(period), jitter_(seed) {}
  // Counts from `now`.
  void start(TimePoint now) {
    if (period_ > Duration::zero()) next_ = now + period_ + jitter_.between(Duration::zero(), period_ / 10);
  }
  // Once each time; the next is counted from `now`.
  bool take(TimePoint now) {
    if (!next_ || now < *next_) return false;
    start(now);
    return true;
  }
  // nullopt: not started, or never.
  std::optional<TimePoint> next() const { return next_; }

 private:
  const Duration period_;
  SeededJitter jitter_;
  std::optional<TimePoint> next_;
};

}  // namespace hawser::app
