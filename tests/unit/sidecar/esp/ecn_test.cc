#include "sidecar/esp/ecn.h"

#include <gtest/gtest.h>

#include "tests/unit/sidecar/esp/packets.h"

namespace hawser::esp {
namespace {

constexpr uint8_t kNotEct = 0, kEct1 = 1, kEct0 = 2, kCe = 3;
constexpr int kDropped = -1;

struct Row {
  uint8_t inner, outer;
  int result;
};

// RFC 6040 4.2, figure 4, cell by cell.
const Row kFigure4[] = {
    {kNotEct, kNotEct, kNotEct}, {kNotEct, kEct0, kNotEct},
    {kNotEct, kEct1, kNotEct},   {kNotEct, kCe, kDropped},
    {kEct0, kNotEct, kEct0},     {kEct0, kEct0, kEct0},
    {kEct0, kEct1, kEct1},       {kEct0, kCe, kCe},
    {kEct1, kNotEct, kEct1},     {kEct1, kEct0, kEct1},
    {kEct1, kEct1, kEct1},       {kEct1, kCe, kCe},
    {kCe, kNotEct, kCe},         {kCe, kEct0, kCe},
    {kCe, kEct1, kCe},           {kCe, kCe, kCe},
};

TEST(Ecn, DecapsulationIsFigure4AndKeepsTheDscp) {
  for (const auto& row : kFigure4)
    for (uint8_t inner_dscp : {0x00, 0xb8, 0xfc})
      for (uint8_t outer_dscp : {0x00, 0xc0}) {
        auto result = ecn_decapsulate(inner_dscp | row.inner, outer_dscp | row.outer);
        if (row.result == kDropped)
          EXPECT_FALSE(result);
        else
          EXPECT_EQ(result, inner_dscp | row.result) << int{row.inner} << ' ' << int{row.outer};
      }
}

TEST(Ecn, EncapsulationCopiesTheFieldAndHidesTheDscp) {
  for (uint8_t ecn : {kNotEct, kEct0, kEct1, kCe}) EXPECT_EQ(ecn_encapsulate(0xb8 | ecn), ecn);
}

TEST(Ecn, ChangesAnIpv4PacketAndItsChecksum) {
  for (const auto& row : kFigure4) {
    Bytes packet = testing::ipv4(17, testing::udp(1, 2, 20), {}, 0x4000, 0xb8 | row.inner);
    bool kept = ecn_decapsulate_packet(packet, row.outer);
    EXPECT_EQ(kept, row.result != kDropped);
    if (!kept) continue;
    EXPECT_EQ(packet,
              testing::ipv4(17, testing::udp(1, 2, 20), {}, 0x4000, static_cast<uint8_t>(0xb8 | row.result)));
  }
}

TEST(Ecn, ChangesAnIpv6PacketAndNothingElse) {
  for (const auto& row : kFigure4) {
    Bytes packet = testing::ipv6(17, testing::udp(1, 2, 20), 0xb8 | row.inner);
    bool kept = ecn_decapsulate_packet(packet, row.outer);
    EXPECT_EQ(kept, row.result != kDropped);
    if (!kept) continue;
    EXPECT_EQ(packet, testing::ipv6(17, testing::udp(1, 2, 20), static_cast<uint8_t>(0xb8 | row.result)));
  }
}

}  // namespace
}  // namespace hawser::esp
