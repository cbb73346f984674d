#include "operator/sidecars/backoff.h"

#include <gtest/gtest.h>

namespace hawser::sidecars {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LongestWait final : public Jitter {
 public:
  Duration between(Duration low, Duration high) override {
    low_ = low;
    return high;
  }
  Duration low_{};
};

TEST(Backoff, GrowsUpToItsCapAndStartsAgain) {
  Backoff backoff({.first = milliseconds(200), .cap = seconds(5)}, std::make_shared<LongestWait>());
  EXPECT_EQ(backoff.next(), milliseconds(200));
  EXPECT_EQ(backoff.next(), milliseconds(320));
  EXPECT_EQ(backoff.next(), milliseconds(512));
  for (int i = 0; i < 20; ++i) (void)backoff.next();
  EXPECT_EQ(backoff.next(), seconds(5));
  backoff.reset();
  EXPECT_EQ(backoff.next(), milliseconds(200));
}

TEST(Backoff, SpreadsOverTheLastFifth) {
  auto jitter = std::make_shared<LongestWait>();
  Backoff backoff({.first = milliseconds(1000)}, jitter);
  (void)backoff.next();
  EXPECT_EQ(jitter->low_, milliseconds(800));
}

TEST(Backoff, IsSlowWhenRefused) {
  Backoff backoff({.refused = seconds(30)}, std::make_shared<LongestWait>());
  EXPECT_EQ(backoff.next_refused(), seconds(30));
}

}  // namespace
}  // namespace hawser::sidecars
