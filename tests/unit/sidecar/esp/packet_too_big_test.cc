#include "sidecar/esp/packet_too_big.h"

#include <gtest/gtest.h>

#include "sidecar/esp/inner_header.h"
#include "tests/unit/sidecar/esp/packets.h"

namespace hawser::esp {
namespace {

using testing::ipv4;
using testing::ipv6;
using testing::udp;

const IpAddress kRouter4 = *IpAddress::parse("10.61.255.254");
const IpAddress kRouter6 = *IpAddress::parse("2001:db8:1::ffff");

Bytes reply_to(const Bytes& packet, const IpAddress& source, uint32_t mtu = 1400) {
  Bytes out(kPacketTooBigRoom, 0xee);
  out.resize(make_packet_too_big(packet, mtu, source, out));
  return out;
}

TEST(PacketTooBig, OfIpv4IsFragmentationNeeded) {
  Bytes packet = ipv4(17, udp(1, 2, 1500));
  Bytes reply = reply_to(packet, kRouter4);
  ASSERT_EQ(reply.size(), 576u);
  auto header = InnerHeader::parse(reply);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->source, kRouter4);
  EXPECT_EQ(header->destination.to_string(), "10.61.0.1");
  EXPECT_EQ(header->protocol, 1);
  EXPECT_EQ(header->total_length, reply.size());
  EXPECT_EQ(to_hex(BytesView(reply).subspan(20, 2)), "0304");
  EXPECT_EQ(load_be16(&reply[26]), 1400);
  EXPECT_EQ(checksum_finish(checksum_add(BytesView(reply).first(20))), 0);
  EXPECT_EQ(checksum_finish(checksum_add(BytesView(reply).subspan(20))), 0);
  EXPECT_TRUE(std::equal(reply.begin() + 28, reply.end(), packet.begin()));
}

TEST(PacketTooBig, OfIpv6HasTheMtuAndAsMuchAsFits) {
  Bytes packet = ipv6(17, udp(1, 2, 1501));
  Bytes reply = reply_to(packet, kRouter6);
  ASSERT_EQ(reply.size(), 1280u);
  auto header = InnerHeader::parse(reply);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->source, kRouter6);
  EXPECT_EQ(header->destination.to_string(), "2001:db8:1::1");
  EXPECT_EQ(header->protocol, 58);
  EXPECT_EQ(to_hex(BytesView(reply).subspan(40, 2)), "0200");
  EXPECT_EQ(load_be32(&reply[44]), 1400u);
  EXPECT_EQ(testing::transport_checksum(reply, 40, 58), 0);
  EXPECT_TRUE(std::equal(reply.begin() + 48, reply.end(), packet.begin()));
}

TEST(PacketTooBig, QuotesAShortPacketWhole) {
  Bytes packet = ipv4(17, udp(1, 2, 11));
  Bytes reply = reply_to(packet, kRouter4);
  EXPECT_EQ(reply.size(), 28 + packet.size());
  EXPECT_EQ(checksum_finish(checksum_add(BytesView(reply).subspan(20))), 0);
}

TEST(PacketTooBig, IsNotSentWhenTheRfcForbidsIt) {
  Bytes from_multicast = ipv4(17, udp(1, 2, 9));
  store_be32(&from_multicast[12], 0xe0000001);
  Bytes to_multicast = ipv4(17, udp(1, 2, 9));
  store_be32(&to_multicast[16], 0xe0000001);
  Bytes from_nobody = ipv6(17, udp(1, 2, 9));
  std::fill_n(from_nobody.begin() + 8, 16, uint8_t{0});
  EXPECT_TRUE(reply_to(ipv4(17, udp(1, 2, 9), {}, 0), kRouter4).empty()) << "may be fragmented";
  EXPECT_TRUE(reply_to(ipv4(17, udp(1, 2, 9), {}, 0x4001), kRouter4).empty()) << "later fragment";
  EXPECT_TRUE(reply_to(ipv4(1, *from_hex("0304000000000000")), kRouter4).empty()) << "an error";
  EXPECT_TRUE(reply_to(ipv4(1, {}), kRouter4).empty()) << "may be an error";
  EXPECT_TRUE(reply_to(ipv6(58, *from_hex("0200000000000000")), kRouter6).empty()) << "an error";
  EXPECT_TRUE(reply_to(from_multicast, kRouter4).empty());
  EXPECT_TRUE(reply_to(to_multicast, kRouter4).empty());
  EXPECT_TRUE(reply_to(from_nobody, kRouter6).empty());
  EXPECT_TRUE(reply_to(ipv6(17, udp(1, 2, 9)), kRouter4).empty()) << "no source of that version";
  EXPECT_TRUE(reply_to(Bytes(10, 0x45), kRouter4).empty()) << "malformed";
  EXPECT_FALSE(reply_to(ipv4(1, *from_hex("0800000000000000")), kRouter4).empty()) << "an echo request";
  EXPECT_FALSE(reply_to(ipv6(58, *from_hex("8000000000000000")), kRouter6).empty()) << "an echo request";
}

TEST(PacketTooBig, ToAMulticastDestinationIsSentForIpv6) {
  Bytes packet = ipv6(17, udp(1, 2, 9));
  packet[24] = 0xff;
  EXPECT_FALSE(reply_to(packet, kRouter6).empty());
}

}  // namespace
}  // namespace hawser::esp
