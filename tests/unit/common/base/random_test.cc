#include "common/base/random.h"

#include <gtest/gtest.h>

#include <set>

namespace hawser {
namespace {

class Counting final : public Random {
 public:
  void fill(MutableBytesView out) override {
    for (uint8_t& octet : out) octet = ++next_;
  }

 private:
  uint8_t next_ = 0;
};

TEST(Random, NumbersAreTheOctetsInNetworkOrder) {
  Counting random;
  EXPECT_EQ(random.next_u32(), 0x01020304u);
  EXPECT_EQ(random.next_u64(), 0x05060708090a0b0cu);
}

TEST(SeededJitter, StaysInItsBoundsAndReachesThem) {
  SeededJitter jitter(1);
  std::set<int64_t> seen;
  for (int i = 0; i < 500; ++i) {
    Duration value = jitter.between(Duration(10), Duration(13));
    ASSERT_GE(value, Duration(10));
    ASSERT_LE(value, Duration(13));
    seen.insert(value.count());
  }
  EXPECT_EQ(seen.size(), 4u);
  EXPECT_EQ(jitter.between(Duration(7), Duration(7)), Duration(7));
}

TEST(SeededJitter, RepeatsForASeed) {
  SeededJitter a(5), b(5), c(6);
  Duration hour = std::chrono::hours(1);
  Duration first = a.between(Duration(0), hour);
  EXPECT_EQ(first, b.between(Duration(0), hour));
  EXPECT_NE(first, c.between(Duration(0), hour));
  EXPECT_NE(first, a.between(Duration(0), hour));
}

}  // namespace
}  // namespace hawser
