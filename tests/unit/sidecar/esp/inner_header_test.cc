#include "sidecar/esp/inner_header.h"

#include <gtest/gtest.h>

#include "tests/unit/sidecar/esp/packets.h"

namespace hawser::esp {
namespace {

using testing::concat;
using testing::ipv4;
using testing::ipv6;
using testing::udp;

TEST(InnerHeader, OfIpv4) {
  Bytes packet = ipv4(17, udp(1000, 53, 4), {}, 0x4000, 0xb9);
  auto header = InnerHeader::parse(packet);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->version, IpVersion::V4);
  EXPECT_EQ(header->source.to_string(), "10.61.0.1");
  EXPECT_EQ(header->destination.to_string(), "10.62.0.2");
  EXPECT_EQ(header->traffic_class, 0xb9);
  EXPECT_EQ(header->protocol, 17);
  EXPECT_EQ(header->total_length, 32u);
  EXPECT_EQ(header->transport_offset, 20u);
  EXPECT_TRUE(header->dont_fragment);
  EXPECT_TRUE(header->first_fragment);
  EXPECT_FALSE(header->fragment);
  EXPECT_TRUE(header->has_ports);
  EXPECT_EQ(header->source_port, 1000);
  EXPECT_EQ(header->destination_port, 53);
}

TEST(InnerHeader, OfIpv4SkipsOptionsAndKnowsFragments) {
  auto with_options = InnerHeader::parse(ipv4(6, Bytes(20, 1), Bytes(8, 1)));
  ASSERT_TRUE(with_options);
  EXPECT_EQ(with_options->transport_offset, 28u);
  EXPECT_EQ(with_options->source_port, 0x0101);

  auto first = InnerHeader::parse(ipv4(17, udp(1, 2, 0), {}, 0x2000));
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->fragment && first->first_fragment && first->has_ports && !first->dont_fragment);

  auto later = InnerHeader::parse(ipv4(17, udp(1, 2, 0), {}, 0x0001));
  ASSERT_TRUE(later);
  EXPECT_TRUE(later->fragment && !later->first_fragment && !later->has_ports);
}

TEST(InnerHeader, IgnoresOctetsAfterTheTotalLength) {
  for (Bytes packet : {ipv4(17, udp(1, 2, 0)), ipv6(17, udp(1, 2, 0))}) {
    size_t size = packet.size();
    packet.resize(size + 100, 0xee);
    auto header = InnerHeader::parse(packet);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->total_length, size);
  }
}

TEST(InnerHeader, RefusesLengthsThatContradictEachOther) {
  Bytes good4 = ipv4(17, udp(1, 2, 0));
  Bytes good6 = ipv6(17, udp(1, 2, 0));
  for (size_t size = 0; size < good4.size(); ++size)
    EXPECT_FALSE(InnerHeader::parse(BytesView(good4).first(size)));
  for (size_t size = 0; size < good6.size(); ++size)
    EXPECT_FALSE(InnerHeader::parse(BytesView(good6).first(size)));
  Bytes short_header = good4;
  short_header[0] = 0x44;
  EXPECT_FALSE(InnerHeader::parse(short_header));
  Bytes long_header = good4;
  long_header[0] = 0x4f;
  EXPECT_FALSE(InnerHeader::parse(long_header));
  for (uint8_t version : {0, 1, 5, 7, 15}) {
    Bytes other = good4;
    other[0] = static_cast<uint8_t>(version << 4 | 5);
    EXPECT_FALSE(InnerHeader::parse(other));
  }
}

TEST(InnerHeader, OfIpv6FindsTheTransportBehindExtensionHeaders) {
  Bytes hop_by_hop = *from_hex("3c00010400000000");               // next: destination options
  Bytes options = *from_hex("2b01010c000000000000000000000000");  // 16 octets, next: routing
  Bytes routing = *from_hex("2c00000000000000");                  // next: fragment
  Bytes fragment = *from_hex("1100000100000007");                 // UDP, offset 0, more
  Bytes payload = udp(5, 6, 8);
  auto header = InnerHeader::parse(ipv6(0, concat({hop_by_hop, options, routing, fragment, payload}), 0xb9));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->version, IpVersion::V6);
  EXPECT_EQ(header->source.to_string(), "2001:db8:1::1");
  EXPECT_EQ(header->destination.to_string(), "2001:db8:2::2");
  EXPECT_EQ(header->traffic_class, 0xb9);
  EXPECT_EQ(header->protocol, 17);
  EXPECT_EQ(header->transport_offset, 80u);
  EXPECT_TRUE(header->fragment && header->first_fragment && header->has_ports && header->dont_fragment);
  EXPECT_EQ(header->destination_port, 6);
}

TEST(InnerHeader, OfALaterIpv6FragmentHasNoPorts) {
  Bytes fragment = *from_hex("1100000800000007");  // UDP, offset 8 octets
  auto header = InnerHeader::parse(ipv6(44, concat({fragment, udp(5, 6, 8)})));
  ASSERT_TRUE(header);
  EXPECT_TRUE(header->fragment && !header->first_fragment && !header->has_ports);
  EXPECT_EQ(header->protocol, 17);
}

TEST(InnerHeader, StopsAtAnExtensionHeaderThatIsNotWhole) {
  auto header = InnerHeader::parse(ipv6(0, *from_hex("11ff010400000000")));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->protocol, 0);
  EXPECT_FALSE(header->has_ports);
}

}  // namespace
}  // namespace hawser::esp
