#include "sidecar/dataplane/userspace/early_packets.h"

#include <gtest/gtest.h>

namespace hawser::dataplane {
namespace {

constexpr TimePoint kStart{std::chrono::hours(1)};
constexpr sa::Spi kOne{0x1001}, kTwo{0x1002};

TEST(EarlyPackets, GivesThoseOfOneSaInTheirOrderAndOnce) {
  EarlyPackets early;
  early.keep(kOne, Bytes{1}, 7, kStart);
  early.keep(kTwo, Bytes{2}, 0, kStart);
  early.keep(kOne, Bytes{3}, 8, kStart);
  auto taken = early.take(kOne, kStart);
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[0].esp, Bytes{1});
  EXPECT_EQ(taken[0].tos, 7);
  EXPECT_EQ(taken[1].esp, Bytes{3});
  EXPECT_TRUE(early.take(kOne, kStart).empty());
  EXPECT_EQ(early.take(kTwo, kStart).size(), 1u);
}

TEST(EarlyPackets, ForgetsThemAfterASecond) {
  EarlyPackets early;
  early.keep(kOne, Bytes{1}, 0, kStart);
  early.keep(kTwo, Bytes{2}, 0, kStart);
  EXPECT_EQ(early.take(kOne, kStart + EarlyPackets::kMaxAge).size(), 1u);
  const TimePoint later = kStart + EarlyPackets::kMaxAge + std::chrono::milliseconds(1);
  EXPECT_TRUE(early.take(kTwo, later).empty());
  early.keep(kOne, Bytes{3}, 0, later);
  early.keep(kOne, Bytes{4}, 0, later + EarlyPackets::kMaxAge + std::chrono::milliseconds(1));
  EXPECT_EQ(early.size(), 1u);
}

TEST(EarlyPackets, TheOldestMakeRoom) {
  EarlyPackets early;
  for (size_t i = 0; i <= EarlyPackets::kMaxPackets; ++i)
    early.keep(kOne, Bytes{static_cast<uint8_t>(i % 251)}, 0, kStart);
  EXPECT_EQ(early.size(), EarlyPackets::kMaxPackets);
  EXPECT_EQ(early.take(kOne, kStart)[0].esp, Bytes{1});

  const Bytes large(EarlyPackets::kMaxOctets / 2);
  for (int i = 0; i < 3; ++i) early.keep(kTwo, large, 0, kStart);
  EXPECT_EQ(early.size(), 2u);
  early.keep(kTwo, Bytes(EarlyPackets::kMaxOctets + 1), 0, kStart);
  EXPECT_EQ(early.size(), 2u);
}

}  // namespace
}  // namespace hawser::dataplane
