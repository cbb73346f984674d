#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "common/base/clock.h"
#include "common/base/random.h"

namespace hawser::kube {

// Waiting times of the reflector, as client-go: 800 ms, doubled each time up to 30 s, and stretched by up to
// as much again; from the start once nothing went wrong for 2 min.
class RetryDelay {
 public:
  explicit RetryDelay(Jitter& jitter) : jitter_(jitter) {}

  // At most `longest`; what comes after goes on from there.
  Duration next(TimePoint now, Duration longest = Duration::max()) {
    constexpr Duration kFirst = std::chrono::milliseconds(800), kCap = std::chrono::seconds(30);
    if (!last_ || now - *last_ > std::chrono::minutes(2)) current_ = kFirst;
    current_ = std::min(current_, longest / 2);
    const Duration wait = jitter_.between(current_, current_ * 2);
    current_ = std::min(current_ * 2, kCap);
    last_ = now + wait;
    return wait;
  }

 private:
  Jitter& jitter_;
  Duration current_{};
  std::optional<TimePoint> last_;  // end of the last wait
};

}  // namespace hawser::kube
