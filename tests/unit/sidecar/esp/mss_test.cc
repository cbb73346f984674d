#include "sidecar/esp/mss.h"

#include <gtest/gtest.h>

#include "tests/unit/sidecar/esp/packets.h"

namespace hawser::esp {
namespace {

using testing::ipv4;
using testing::ipv6;
using testing::transport_checksum;

constexpr uint8_t kTcp = 6;
constexpr uint8_t kSyn = 0x02, kSynAck = 0x12, kAck = 0x10;
constexpr uint32_t kMtu = 1400;

Bytes tcp(uint8_t flags, const std::string& options_hex) {
  Bytes options = *from_hex(options_hex);
  Bytes out = *from_hex("c0de01bb0102030405060708");
  out.push_back(static_cast<uint8_t>((20 + options.size()) / 4 << 4));
  out.push_back(flags);
  append(out, *from_hex("ffff00000000"));
  append(out, options);
  return out;
}

// Writes the checksum in full.
Bytes summed(Bytes packet, size_t offset) {
  store_be16(&packet[offset + 16], 0);
  store_be16(&packet[offset + 16], transport_checksum(packet, offset, kTcp));
  return packet;
}

Bytes over_v4(const Bytes& segment) { return summed(ipv4(kTcp, segment), 20); }
Bytes over_v6(const Bytes& segment) { return summed(ipv6(kTcp, segment), 40); }

TEST(ClampTcpMss, LowersTheOptionAndTheChecksumWhereverTheOptionIs) {
  struct Case {
    const char* before;
    const char* after;
  };
  const Case cases[] = {
      {"020405b4", "02040546"},                  // alone: 1460 to 1350
      {"01020405b4010101", "0102040546010101"},  // at an odd offset
      {"0101020405b40101", "0101020405460101"},
      {"0402080a00000001000000000101020405b40000",
       "0402080a0000000100000000010102040546"
       "0000"},
      {"030307020405b400", "0303070204054600"},  // odd again, behind window scale
  };
  for (uint8_t flags : {kSyn, kSynAck})
    for (const auto& c : cases) {
      Bytes v4 = over_v4(tcp(flags, c.before));
      EXPECT_TRUE(clamp_tcp_mss(v4, 1350, kMtu));
      EXPECT_EQ(to_hex(v4), to_hex(over_v4(tcp(flags, c.after))));
    }
}

TEST(ClampTcpMss, OverIpv6FitsTheMtuAsWell) {
  Bytes packet = over_v6(tcp(kSyn, "020405b4"));
  EXPECT_TRUE(clamp_tcp_mss(packet, 1350, kMtu));
  EXPECT_EQ(packet, over_v6(tcp(kSyn, "0204053c")));  // 1340: two headers of 40 and 20 octets
  EXPECT_EQ(transport_checksum(packet, 40, kTcp), 0);
}

TEST(ClampTcpMss, EveryPairOfValuesKeepsTheChecksumRight) {
  for (uint16_t before = 100; before > 90; --before)
    for (uint16_t mss : {uint16_t{1}, uint16_t{89}}) {
      Bytes option = *from_hex("0102040000010101");
      store_be16(&option[3], static_cast<uint16_t>(before * 600));
      Bytes packet = over_v4(tcp(kSyn, to_hex(option)));
      EXPECT_TRUE(clamp_tcp_mss(packet, mss, kMtu));
      EXPECT_EQ(transport_checksum(packet, 20, kTcp), 0);
    }
}

TEST(ClampTcpMss, LeavesAloneWhatItMust) {
  const Bytes untouched[] = {
      over_v4(tcp(kSyn, "02040546")),                          // small enough already
      over_v4(tcp(kSyn, "02040218")),                          // never raises
      over_v4(tcp(kAck, "020405b4")),                          // not a SYN
      over_v4(tcp(kSyn, "")),                                  // no option: adds none
      over_v4(tcp(kSyn, "000000000000020405b40000")),          // behind the end of the options
      over_v4(tcp(kSyn, "020305b4")),                          // wrong size
      over_v4(tcp(kSyn, "02000000")),                          // size 0 must not loop
      over_v4(tcp(kSyn, "010102ff")),                          // runs out of the header
      over_v4(tcp(kSyn, "01010102")),                          // size octet missing
      ipv4(17, tcp(kSyn, "020405b4")),                         // not TCP
      ipv4(kTcp, tcp(kSyn, "020405b4"), {}, 0x0001),           // a later fragment
      ipv4(kTcp, BytesView(tcp(kSyn, "020405b4")).first(22)),  // cut
      Bytes{},
      Bytes(19, 0x45),
  };
  for (const Bytes& packet : untouched) {
    Bytes copy = packet;
    EXPECT_FALSE(clamp_tcp_mss(copy, 1350, kMtu));
    EXPECT_EQ(copy, packet);
  }
  Bytes off = over_v4(tcp(kSyn, "020405b4"));
  EXPECT_FALSE(clamp_tcp_mss(off, 0, kMtu));
}

TEST(ClampTcpMss, RefusesADataOffsetOutsideTheSegment) {
  for (uint8_t offset : {0x00, 0x40, 0x70, 0xf0}) {
    Bytes segment = tcp(kSyn, "020405b4");
    segment[12] = offset;
    Bytes packet = over_v4(segment);
    EXPECT_FALSE(clamp_tcp_mss(packet, 1350, kMtu));
  }
}

}  // namespace
}  // namespace hawser::esp
