#include "common/base/ip.h"

#include <gtest/gtest.h>

namespace hawser {
namespace {

TEST(IpAddress, IsWrittenAsItIsRead) {
  for (const char* text :
       {"0.0.0.0", "10.61.0.1", "255.255.255.255", "::", "::1", "2001:db8::1", "fe80::1"}) {
    auto address = IpAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), text);
    auto again = IpAddress::from_octets(address->octets());
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, *address);
  }
}

TEST(IpAddress, RefusesWhatIsNotOne) {
  for (const char* text :
       {"", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4:500",
        "1.2.3.4/32", "[::1]", "fe80::1%eth0", "::1::", "2001:db8", "localhost", "0x7f000001"}) {
    auto address = IpAddress::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, ErrorCode::InvalidArgument);
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
  EXPECT_FALSE(IpAddress::parse(std::string(1000, '1')));
}

TEST(IpAddress, FromOctetsTakesFourOrSixteen) {
  for (size_t size : {0, 1, 3, 5, 15, 17}) EXPECT_FALSE(IpAddress::from_octets(Bytes(size, 1)));
  EXPECT_EQ(IpAddress::from_octets(Bytes(4, 1))->to_string(), "1.1.1.1");
  EXPECT_EQ(IpAddress::from_octets(Bytes(16, 1))->version(), IpVersion::V6);
}

TEST(IpAddress, KnowsItsKind) {
  auto at = [](const char* text) { return *IpAddress::parse(text); };
  EXPECT_TRUE(at("0.0.0.0").is_unspecified() && at("::").is_unspecified() && !at("::1").is_unspecified());
  EXPECT_TRUE(at("127.0.0.1").is_loopback() && at("127.255.0.1").is_loopback() && at("::1").is_loopback());
  EXPECT_FALSE(at("128.0.0.1").is_loopback() || at("::2").is_loopback() || at("1::1").is_loopback());
  EXPECT_TRUE(at("224.0.0.1").is_multicast() && at("239.255.255.255").is_multicast() &&
              at("ff02::1").is_multicast());
  EXPECT_FALSE(at("223.255.255.255").is_multicast() || at("240.0.0.1").is_multicast() ||
               at("fe80::1").is_multicast());
  EXPECT_TRUE(at("169.254.0.1").is_link_local() && at("fe80::1").is_link_local() &&
              at("febf::1").is_link_local());
  EXPECT_FALSE(at("169.253.0.1").is_link_local() || at("fec0::1").is_link_local());
  EXPECT_TRUE(at("255.255.255.255").is_broadcast());
  EXPECT_FALSE(at("255.255.255.254").is_broadcast() || at("ffff:ffff:ffff:ffff::").is_broadcast());
}

TEST(IpPrefix, IsWrittenAsItIsRead) {
  for (const char* text : {"0.0.0.0/0", "10.61.0.0/16", "10.61.3.128/25", "10.61.0.1/32", "::/0",
                           "2001:db8::/33", "2001:db8::1/128"}) {
    auto prefix = IpPrefix::parse(text);
    ASSERT_TRUE(prefix) << text;
    EXPECT_EQ(prefix->to_string(), text);
  }
}

TEST(IpPrefix, RefusesWhatIsNotOne) {
  for (const char* text :
       {"", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8 ",
        "10.0.0.0/+8", "10.0.0/8", "::/129", "::/0128", "/8", "10.0.0.0/8/8", "10.0.0.0/999999999999"})
    EXPECT_FALSE(IpPrefix::parse(text)) << text;
}

// An API server takes no such text either.
TEST(IpPrefix, RefusesIpv4WrittenAsIpv6) {
  for (const char* text : {"::ffff:10.0.0.0/104", "::ffff:0:0/96", "::ffff:a00:1/128"})
    EXPECT_FALSE(IpPrefix::parse(text)) << text;
  EXPECT_TRUE(IpAddress::parse("::ffff:192.0.2.1")->is_v4_mapped());
  EXPECT_TRUE(IpPrefix::parse("::fffe:0:0/96"));
  EXPECT_FALSE(IpAddress::parse("::192.0.2.1")->is_v4_mapped());
}

TEST(IpPrefix, WithHostBitsSaysWhatWasMeant) {
  auto prefix = IpPrefix::parse("10.61.3.7/16");
  ASSERT_FALSE(prefix);
  EXPECT_TRUE(prefix.error().message.ends_with("did you mean '10.61.0.0/16'?")) << prefix.error().message;
  auto v6 = IpPrefix::parse("2001:db8::1/64");
  ASSERT_FALSE(v6);
  EXPECT_TRUE(v6.error().message.ends_with("did you mean '2001:db8::/64'?")) << v6.error().message;
}

TEST(IpPrefix, ClearsHostBitsAndKnowsItsEnds) {
  IpPrefix prefix(*IpAddress::parse("10.61.3.200"), 25);
  EXPECT_EQ(prefix.to_string(), "10.61.3.128/25");
  EXPECT_EQ(prefix.first().to_string(), "10.61.3.128");
  EXPECT_EQ(prefix.last().to_string(), "10.61.3.255");
  IpPrefix v6(*IpAddress::parse("2001:db8:ffff::"), 33);
  EXPECT_EQ(v6.to_string(), "2001:db8:8000::/33");
  EXPECT_EQ(v6.last().to_string(), "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff");
  EXPECT_EQ(IpPrefix::any(IpVersion::V4).last().to_string(), "255.255.255.255");
  EXPECT_EQ(IpPrefix::any(IpVersion::V6).to_string(), "::/0");
}

TEST(IpPrefix, EveryLengthHoldsItsEndsAndNotTheirNeighbours) {
  for (int length = 1; length <= 32; ++length) {
    IpPrefix prefix(IpAddress::v4(0x80000000u), length);
    uint32_t last = load_be32(prefix.last().octets().data());
    EXPECT_TRUE(prefix.contains(prefix.first()) && prefix.contains(prefix.last()));
    EXPECT_FALSE(prefix.contains(IpAddress::v4(0x7fffffffu)));
    EXPECT_TRUE(last == UINT32_MAX || !prefix.contains(IpAddress::v4(last + 1)));
  }
}

TEST(IpPrefix, ContainsAndOverlapsWithinOneVersion) {
  auto at = [](const char* text) { return *IpPrefix::parse(text); };
  EXPECT_TRUE(at("10.0.0.0/8").contains(at("10.61.0.0/16")));
  EXPECT_TRUE(at("10.0.0.0/8").contains(at("10.0.0.0/8")));
  EXPECT_FALSE(at("10.61.0.0/16").contains(at("10.0.0.0/8")));
  EXPECT_TRUE(at("10.61.0.0/16").overlaps(at("10.0.0.0/8")));
  EXPECT_FALSE(at("10.61.0.0/16").overlaps(at("10.62.0.0/16")));
  EXPECT_FALSE(at("0.0.0.0/0").contains(at("::/0")));
  EXPECT_FALSE(at("0.0.0.0/0").overlaps(at("::/0")));
  EXPECT_FALSE(at("::/0").contains(*IpAddress::parse("10.0.0.1")));
}

TEST(SocketAddress, PutsIpv6InBrackets) {
  EXPECT_EQ((SocketAddress{*IpAddress::parse("192.0.2.1"), 500}).to_string(), "192.0.2.1:500");
  EXPECT_EQ((SocketAddress{*IpAddress::parse("2001:db8::1"), 4500}).to_string(), "[2001:db8::1]:4500");
}

}  // namespace
}  // namespace hawser
