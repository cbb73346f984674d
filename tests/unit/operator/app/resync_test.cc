#include "operator/app/resync.h"

#include <gtest/gtest.h>

#include <set>

namespace hawser::app {
namespace {

using std::chrono::seconds;

TEST(Resync, ComesOnceAPeriodAndUpToATenthLater) {
  Resync resync(seconds(100), 7);
  EXPECT_FALSE(resync.next()) << "not before it is started";
  EXPECT_FALSE(resync.take(TimePoint(seconds(5000))));
  TimePoint now(seconds(1000));
  resync.start(now);
  std::set<Duration> pauses;
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(resync.next());
    const Duration pause = *resync.next() - now;
    EXPECT_GE(pause, seconds(100));
    EXPECT_LE(pause, seconds(110));
    pauses.insert(pause);
    EXPECT_FALSE(resync.take(*resync.next() - Duration(1)));
    now = *resync.next();
    EXPECT_TRUE(resync.take(now));
    EXPECT_FALSE(resync.take(now)) << "once";
  }
  EXPECT_GT(pauses.size(), 10u) << "spread";
}

TEST(Resync, CountsFromWhenItWasTaken) {
  Resync resync(seconds(10), 1);
  resync.start(TimePoint(seconds(0)));
  EXPECT_TRUE(resync.take(TimePoint(seconds(600)))) << "a process that was stopped has one, not sixty";
  EXPECT_FALSE(resync.take(TimePoint(seconds(609))));
}

TEST(Resync, ZeroMeansNever) {
  Resync resync(Duration::zero(), 1);
  resync.start(TimePoint(seconds(0)));
  EXPECT_FALSE(resync.next());
  EXPECT_FALSE(resync.take(TimePoint::max()));
}

}  // namespace
}  // namespace hawser::app
