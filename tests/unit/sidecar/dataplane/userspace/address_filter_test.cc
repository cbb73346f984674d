#include "sidecar/dataplane/userspace/address_filter.h"

#include <gtest/gtest.h>

namespace hawser::dataplane {
namespace {

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

esp::InnerHeader header(uint8_t protocol, std::optional<uint16_t> source_port = {},
                        std::optional<uint16_t> destination_port = {}) {
  esp::InnerHeader out;
  out.source = ip("10.61.0.1");
  out.destination = ip("10.11.0.1");
  out.protocol = protocol;
  out.has_ports = source_port.has_value();
  out.source_port = source_port.value_or(0);
  out.destination_port = destination_port.value_or(0);
  return out;
}

TEST(AddressFilter, MatchesNothingWhenEmpty) {
  EXPECT_FALSE(AddressFilter().matches(ip("10.0.0.1"), 0, header(6)));
}

TEST(AddressFilter, MatchesAnyOfItsPrefixesToTheLastAddress) {
  std::vector<IpPrefix> prefixes = {IpPrefix::parse("10.61.0.0/16").value(),
                                    IpPrefix::parse("2001:db8::/48").value()};
  AddressFilter filter{std::span<const IpPrefix>(prefixes)};
  for (const char* inside :
       {"10.61.0.0", "10.61.255.255", "2001:db8::", "2001:db8:0:ffff:ffff:ffff:ffff:ffff"})
    EXPECT_TRUE(filter.matches(ip(inside), 0, header(17))) << inside;
  for (const char* outside : {"10.60.255.255", "10.62.0.0", "2001:db7:ffff::", "2001:db8:1::", "::"})
    EXPECT_FALSE(filter.matches(ip(outside), 0, header(17))) << outside;
}

TEST(AddressFilter, AnyAddressOfOneVersionIsNotTheOther) {
  std::vector<IpPrefix> v4 = {IpPrefix::any(IpVersion::V4)}, v6 = {IpPrefix::any(IpVersion::V6)};
  EXPECT_FALSE(AddressFilter{std::span<const IpPrefix>(v4)}.matches(ip("2001:db8::1"), 0, header(6)));
  EXPECT_FALSE(AddressFilter{std::span<const IpPrefix>(v6)}.matches(ip("10.0.0.1"), 0, header(6)));
}

TEST(AddressFilter, ProtocolAndPortsOfASelectorCount) {
  sa::TrafficSelector web = sa::TrafficSelector::of(IpPrefix::parse("10.11.0.0/16").value());
  web.protocol = 6;
  web.first_port = 80;
  web.last_port = 90;
  AddressFilter filter{std::span<const sa::TrafficSelector>(&web, 1)};
  EXPECT_TRUE(filter.matches(ip("10.11.0.1"), 80, header(6, 1000, 80)));
  EXPECT_TRUE(filter.matches(ip("10.11.0.1"), 90, header(6, 1000, 90)));
  EXPECT_FALSE(filter.matches(ip("10.11.0.1"), 91, header(6, 1000, 91)));
  EXPECT_FALSE(filter.matches(ip("10.11.0.1"), 80, header(17, 1000, 80)));
  // A later fragment: nobody can tell its ports (RFC 4301 7).
  EXPECT_FALSE(filter.matches(ip("10.11.0.1"), 80, header(6)));
}

TEST(PacketFilter, DirectionsSwapTheEnds) {
  std::vector<IpPrefix> local = {IpPrefix::parse("10.11.0.0/16").value()};
  std::vector<IpPrefix> remote = {IpPrefix::parse("10.61.0.0/16").value()};
  PacketFilter filter{AddressFilter{std::span<const IpPrefix>(local)},
                      AddressFilter{std::span<const IpPrefix>(remote)}};
  EXPECT_TRUE(filter.allows_inbound(header(6)));
  EXPECT_FALSE(filter.allows_outbound(header(6)));
  esp::InnerHeader back = header(6);
  std::swap(back.source, back.destination);
  EXPECT_TRUE(filter.allows_outbound(back));
  EXPECT_FALSE(filter.allows_inbound(back));
}

}  // namespace
}  // namespace hawser::dataplane
