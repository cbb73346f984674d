#include "common/base/clock.h"

#include <gtest/gtest.h>

namespace hawser {
namespace {

TEST(FormatRfc3339, WritesSecondsInUtc) {
  EXPECT_EQ(format_rfc3339(WallTime(std::chrono::seconds(0))), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_rfc3339(WallTime(std::chrono::seconds(1795463639))), "2026-11-23T19:53:59Z");
  EXPECT_EQ(format_rfc3339(WallTime(std::chrono::seconds(951782400))), "2000-02-29T00:00:00Z");
  EXPECT_EQ(format_rfc3339(WallTime(std::chrono::milliseconds(1999))), "1970-01-01T00:00:01Z");
}

TEST(SystemClock, NeverGoesBackAndKnowsTheCentury) {
  SystemClock clock;
  TimePoint first = clock.now();
  EXPECT_LE(first, clock.now());
  EXPECT_GT(clock.wall_now(), WallTime(std::chrono::seconds(1'700'000'000)));
}

}  // namespace
}  // namespace hawser
