// Two user-space planes, each in its network namespace, joined by a veth pair: packets through real TUN interfaces,
// raw and UDP sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/dataplane/child_sas.h"
#include "tests/support/dataplane/site.h"

namespace hawser::dataplane {
namespace {

using support::Ends;
using support::Site;

constexpr const char* kConnection = "default/tunnel";

struct Case {
  sa::ChildSuite suite;
  sa::Encapsulation encapsulation;
  IpVersion outer;
};

class TwoSites {
 public:
  TwoSites() {
    support::join(left.ns(), "wan", "192.0.2.1/24", right.ns(), "wan", "192.0.2.2/24");
    left.ns().run("ip address add 2001:db8::1/64 dev wan nodad");
    right.ns().run("ip address add 2001:db8::2/64 dev wan nodad");
    left.start();
    right.start();
    configured = left.configure(left.tunnel_to(right, kConnection)).has_value() &&
                 right.configure(right.tunnel_to(left, kConnection)).has_value();
  }

  Ends ends(sa::Encapsulation encapsulation, IpVersion version) const {
    uint16_t port = encapsulation == sa::Encapsulation::Udp ? 4500 : 0;
    auto at = [&](const char* address) { return SocketAddress{IpAddress::parse(address).value(), port}; };
    if (version == IpVersion::V4) return {at("192.0.2.1"), at("192.0.2.2"), encapsulation};
    return {at("2001:db8::1"), at("2001:db8::2"), encapsulation};
  }
  void install(const sa::ChildSuite& suite, uint8_t n, const Ends& e) {
    ASSERT_TRUE(left.plane().install(support::left_spec(kConnection, suite, n, e)));
    ASSERT_TRUE(right.plane().install(support::right_spec(kConnection, suite, n, e)));
  }

  Site left{{.inner_v4 = "10.11.0.1", .inner_v6 = "2001:db8:11::1"}};
  Site right{{.inner_v4 = "10.61.0.1", .inner_v6 = "2001:db8:61::1"}};
  bool configured = false;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const sa::ChildSuite& suite : support::all_child_suites())
    for (auto encapsulation : {sa::Encapsulation::None, sa::Encapsulation::Udp})
      for (IpVersion outer : {IpVersion::V4, IpVersion::V6}) cases.push_back({suite, encapsulation, outer});
  return cases;
}

TEST(UserSpaceTunnel, ThereAreTwentyOneSuites) { EXPECT_EQ(support::all_child_suites().size(), 21u); }

TEST(UserSpaceTunnel, EverySuiteCarriesPacketsRawAndInUdpOverBothVersions) {
  TwoSites sites;
  ASSERT_TRUE(sites.configured);
  uint8_t n = 0;
  for (const Case& c : all_cases()) {
    SCOPED_TRACE(support::suite_name(c.suite) + " " + to_string(c.encapsulation) +
                 (c.outer == IpVersion::V4 ? " v4" : " v6"));
    ++n;
    sites.install(c.suite, n, sites.ends(c.encapsulation, c.outer));
    Counters before = *sites.left.plane().counters(kConnection);
    EXPECT_TRUE(sites.left.ping("10.61.0.1", 2, 56 + n % 16));
    EXPECT_TRUE(sites.right.ping("2001:db8:11::1", 2, 1300 + n % 16));
    // A command is carried out between batches: after it the counters have all that came back.
    sites.left.plane().remove(kConnection, sa::Spi(0x1000u * n + 1));
    sites.right.plane().remove(kConnection, sa::Spi(0x1000u * n + 2));
    Counters after = *sites.left.plane().counters(kConnection);
    EXPECT_EQ(after.transmit_packets - before.transmit_packets, 4u);
    EXPECT_EQ(after.receive_packets - before.receive_packets, 4u);
  }
}

}  // namespace
}  // namespace hawser::dataplane
