#pragma once

#include <atomic>

#include "common/base/clock.h"

namespace hawser::support {

// Stands still until it is advanced. Any thread.
class ManualClock final : public Clock {
 public:
  TimePoint now() const override { return TimePoint(std::chrono::hours(1) + elapsed()); }
  WallTime wall_now() const override { return WallTime(std::chrono::seconds(1'800'000'000) + elapsed()); }
  void advance(Duration by) { elapsed_.fetch_add(by.count()); }

 private:
  Duration elapsed() const { return Duration(elapsed_.load()); }
  std::atomic<Duration::rep> elapsed_ = 0;
};

}  // namespace hawser::support
