#include "sidecar/dataplane/userspace/lifetime.h"

#include <gtest/gtest.h>

namespace hawser::dataplane {
namespace {

TEST(Lifetime, ReachesSoftThenHard) {
  Lifetime lifetime(100, 200);
  EXPECT_TRUE(lifetime.spend(99));
  EXPECT_FALSE(lifetime.soft_reached());
  EXPECT_TRUE(lifetime.spend(1));
  EXPECT_TRUE(lifetime.soft_reached());
  EXPECT_TRUE(lifetime.spend(100));
  EXPECT_FALSE(lifetime.expired());
  EXPECT_FALSE(lifetime.spend(1));
  EXPECT_TRUE(lifetime.expired());
}

TEST(Lifetime, StaysExpiredForASmallerPacket) {
  Lifetime lifetime(100, 200);
  EXPECT_TRUE(lifetime.spend(190));
  EXPECT_FALSE(lifetime.spend(11));
  EXPECT_FALSE(lifetime.spend(1));
}

TEST(Lifetime, NoLimitNeverOverflows) {
  Lifetime lifetime(UINT64_MAX, UINT64_MAX);
  EXPECT_TRUE(lifetime.spend(UINT64_MAX - 1));
  EXPECT_TRUE(lifetime.spend(1));
  EXPECT_FALSE(lifetime.spend(1));
}

}  // namespace
}  // namespace hawser::dataplane
