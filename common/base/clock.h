#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace hawser {

using Duration = std::chrono::nanoseconds;

// Monotonic time. Cores take it as a parameter and never read a clock; comparing two values is all they may
// do.
struct MonotonicEpoch {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<MonotonicEpoch, Duration>;
  static constexpr bool is_steady = true;
};
using TimePoint = MonotonicEpoch::time_point;
// Seconds since 1970 in UTC, for what people read (status, metrics).
using WallTime = std::chrono::sys_time<Duration>;

// The one clock of a program, read in loops only and passed down. Implementations are safe to call from any
// thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
  virtual WallTime wall_now() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const override;
  WallTime wall_now() const override;
};

// "2026-11-23T19:53:59Z", as Kubernetes writes metav1.Time.
std::string format_rfc3339(WallTime time);

}  // namespace hawser
