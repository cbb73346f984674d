#include "sidecar/dataplane/node/node_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sidecar/dataplane/node/cleanup.h"
#include "sidecar/dataplane/node/interface_name.h"
#include "tests/support/dataplane/network_namespace.h"

namespace hawser::dataplane {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TunnelSpec spec(const std::string& name, const std::vector<std::string>& remote) {
  TunnelSpec out;
  out.connection = name;
  out.local_prefixes = {IpPrefix::parse("10.11.0.0/16").value()};
  for (const std::string& prefix : remote) out.remote_prefixes.push_back(IpPrefix::parse(prefix).value());
  return out;
}

class NodeNetworkContract : public ::testing::Test {
 protected:
  NodeNetworkContract() {
    ns_.in([&] {
      auto opened = NodeNetwork::open();
      if (opened) network_ = std::move(*opened);
    });
    // A way out for what no tunnel takes, so that a leak would succeed.
    ns_.run("ip link add wan type veth peer name far && ip link set wan up && ip link set far up");
    ns_.run("ip address add 192.0.2.1/24 dev wan && ip route add default dev wan");
    ns_.run("ip -6 address add 2001:db8:ffff::1/64 dev wan nodad && ip -6 route add default dev wan");
  }
  void add_interface(const sa::ConnectionName& connection) {
    ns_.run("ip tuntap add dev " + interface_name(connection) + " mode tun");
  }
  std::string routes() { return ns_.run("ip route show table 18519; ip -6 route show table 18519"); }
  std::string way_to(const std::string& address, const std::string& extra = "") {
    return ns_.run("ip route get " + address + " " + extra + " || true");
  }

  support::NetworkNamespace ns_;
  std::unique_ptr<NodeNetwork> network_;
};

TEST_F(NodeNetworkContract, MakesTheRuleOnceForBothVersions) {
  ASSERT_TRUE(network_);
  ns_.in([] { EXPECT_TRUE(NodeNetwork::open()); });
  for (std::string family : {"-4", "-6"}) {
    std::string rules = ns_.run("ip " + family + " rule show pref 18519");
    EXPECT_THAT(rules, HasSubstr("not from all fwmark 0x20/0x20 lookup 18519"));
    EXPECT_EQ(std::count(rules.begin(), rules.end(), '\n'), 1) << rules;
  }
}

TEST_F(NodeNetworkContract, ProtectMakesPacketsUnreachableButNotOurOwn) {
  ASSERT_TRUE(network_->protect(spec("a/b", {"10.61.0.0/16", "2001:db8:61::/48"})));
  EXPECT_THAT(way_to("10.61.0.1"), HasSubstr("No route to host"));
  EXPECT_THAT(way_to("2001:db8:61::1"), HasSubstr("No route to host"));
  EXPECT_THAT(way_to("10.61.0.1", "mark 0x20"), HasSubstr("dev wan"));
  EXPECT_THAT(way_to("10.61.0.1", "mark 0x30"), HasSubstr("dev wan"));
  EXPECT_THAT(way_to("10.62.0.1"), HasSubstr("dev wan"));
}

TEST_F(NodeNetworkContract, AttachRoutesIntoTheInterface) {
  TunnelSpec tunnel = spec("a/b", {"10.61.0.0/16", "2001:db8:61::/48"});
  ASSERT_TRUE(network_->protect(tunnel));
  add_interface("a/b");
  ASSERT_TRUE(network_->attach(tunnel));
  std::string name = interface_name("a/b");
  EXPECT_THAT(way_to("10.61.0.1"), HasSubstr("dev " + name));
  EXPECT_THAT(way_to("2001:db8:61::1"), HasSubstr("dev " + name));
  std::string link = ns_.run("ip -d link show dev " + name);
  EXPECT_THAT(link, HasSubstr("mtu 1400"));
  EXPECT_THAT(link, HasSubstr("alias a/b"));
  EXPECT_THAT(link, HasSubstr("UP"));
  EXPECT_THAT(ns_.run("ip address show dev " + name), Not(HasSubstr("fe80")));
}

TEST_F(NodeNetworkContract, AttachWithoutInterfaceSaysNotFound) {
  TunnelSpec tunnel = spec("a/b", {"10.61.0.0/16"});
  ASSERT_TRUE(network_->protect(tunnel));
  auto attached = network_->attach(tunnel);
  ASSERT_FALSE(attached);
  EXPECT_EQ(attached.error().code, ErrorCode::NotFound);
}

TEST_F(NodeNetworkContract, RepeatingChangesNothing) {
  TunnelSpec tunnel = spec("a/b", {"10.61.0.0/16", "2001:db8:61::/48"});
  ASSERT_TRUE(network_->protect(tunnel));
  add_interface("a/b");
  ASSERT_TRUE(network_->attach(tunnel));
  std::string before = routes();
  EXPECT_TRUE(network_->protect(tunnel));
  EXPECT_TRUE(network_->attach(tunnel));
  EXPECT_EQ(routes(), before);
}

TEST_F(NodeNetworkContract, ChangeOfPrefixesAddsAndWithdraws) {
  ASSERT_TRUE(network_->protect(spec("a/b", {"10.61.0.0/16", "10.62.0.0/16"})));
  add_interface("a/b");
  ASSERT_TRUE(network_->attach(spec("a/b", {"10.61.0.0/16", "10.62.0.0/16"})));
  TunnelSpec changed = spec("a/b", {"10.62.0.0/16", "10.63.0.0/16"});
  ASSERT_TRUE(network_->protect(changed));
  ASSERT_TRUE(network_->attach(changed));
  EXPECT_THAT(way_to("10.61.0.1"), HasSubstr("dev wan"));
  EXPECT_THAT(way_to("10.62.0.1"), HasSubstr("dev hws"));
  EXPECT_THAT(way_to("10.63.0.1"), HasSubstr("dev hws"));
  EXPECT_THAT(routes(), Not(HasSubstr("10.61.0.0")));
}

TEST_F(NodeNetworkContract, FailClosedRoutesOutliveTheInterface) {
  TunnelSpec tunnel = spec("a/b", {"10.61.0.0/16", "2001:db8:61::/48"});
  ASSERT_TRUE(network_->protect(tunnel));
  add_interface("a/b");
  ASSERT_TRUE(network_->attach(tunnel));
  ns_.run("ip link del " + interface_name("a/b"));
  EXPECT_THAT(way_to("10.61.0.1"), HasSubstr("No route to host"));
  EXPECT_THAT(way_to("2001:db8:61::1"), HasSubstr("No route to host"));
}

TEST_F(NodeNetworkContract, ReleaseKeepsOrRemovesTheFailClosedRoutes) {
  TunnelSpec tunnel = spec("a/b", {"10.61.0.0/16"});
  ASSERT_TRUE(network_->protect(tunnel));
  add_interface("a/b");
  ASSERT_TRUE(network_->attach(tunnel));
  network_->release("a/b", true);
  EXPECT_THAT(way_to("10.61.0.1"), HasSubstr("No route to host"));
  EXPECT_THAT(ns_.run("ip link show"), Not(HasSubstr("hws")));
  ASSERT_TRUE(network_->protect(tunnel));
  network_->release("a/b", false);
  EXPECT_THAT(way_to("10.61.0.1"), HasSubstr("dev wan"));
  EXPECT_THAT(routes(), IsEmpty());
}

TEST_F(NodeNetworkContract, OnePrefixBelongsToOneConnection) {
  ASSERT_TRUE(network_->protect(spec("a/b", {"10.61.0.0/16"})));
  auto second = network_->protect(spec("a/c", {"10.62.0.0/16", "10.61.0.0/16"}));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::AlreadyExists);
  EXPECT_THAT(second.error().message, HasSubstr("10.61.0.0/16"));
  EXPECT_THAT(second.error().message, HasSubstr("a/b"));
  EXPECT_THAT(routes(), Not(HasSubstr("10.62.0.0")));
  for (const char* nested : {"10.61.7.0/24", "10.0.0.0/8"}) {
    auto refused = network_->protect(spec("a/c", {nested}));
    ASSERT_FALSE(refused) << nested;
    EXPECT_THAT(refused.error().message, HasSubstr("overlaps 10.61.0.0/16 of a/b"));
    EXPECT_THAT(refused.error().message, HasSubstr("take other addressPrefixes"));
  }
  network_->release("a/c", false);
  EXPECT_THAT(way_to("10.61.0.1"), HasSubstr("No route to host"));
}

TEST_F(NodeNetworkContract, WhatATunnelClaimedThatNeverOpenedIsFreeAgain) {
  ASSERT_TRUE(network_->protect(spec("a/b", {"10.61.0.0/16", "10.62.0.0/16"})));
  ASSERT_TRUE(network_->protect(spec("a/b", {"10.61.0.0/16"})));
  EXPECT_THAT(way_to("10.62.0.1"), HasSubstr("dev wan"));
  EXPECT_TRUE(network_->protect(spec("a/c", {"10.62.0.0/16"})));
  network_->release("a/b", false);
  EXPECT_THAT(way_to("10.61.0.1"), HasSubstr("dev wan"));
  EXPECT_TRUE(network_->protect(spec("a/d", {"10.61.0.0/16"})));
}

TEST_F(NodeNetworkContract, AdoptsAndThenRemovesWhatAnEarlierProcessLeft) {
  ASSERT_TRUE(network_->protect(spec("a/b", {"10.61.0.0/16"})));
  ASSERT_TRUE(network_->protect(spec("a/gone", {"10.62.0.0/16", "2001:db8:62::/48"})));
  add_interface("a/gone");
  // As after kill -9: everything is there, nobody knows it.
  ns_.in([&] { network_ = NodeNetwork::open().value(); });
  EXPECT_TRUE(network_->protect(spec("a/b", {"10.61.0.0/16"})));
  EXPECT_THAT(way_to("10.62.0.1"), HasSubstr("No route to host"));
  ASSERT_TRUE(network_->remove_leftovers());
  EXPECT_THAT(way_to("10.61.0.1"), HasSubstr("No route to host"));
  EXPECT_THAT(way_to("10.62.0.1"), HasSubstr("dev wan"));
  EXPECT_THAT(way_to("2001:db8:62::1"), HasSubstr("dev wan"));
  EXPECT_THAT(ns_.run("ip link show"), Not(HasSubstr("hws")));
}

TEST_F(NodeNetworkContract, CleanupRemovesWhatIsOursAndNothingElse) {
  ns_.run("ip link add hwsx type veth peer name hwsfoo; ip route add 10.99.0.0/16 dev wan table 100");
  ns_.run("ip rule add fwmark 0x20 lookup 100 pref 500; ip rule add from 10.0.0.0/8 lookup 100 pref 18518");
  std::string before = ns_.run(
      "ip link show | grep -c hws; ip rule show | grep -v 18519; ip route show table all | "
      "grep -v 'table 18519'");
  TunnelSpec tunnel = spec("a/b", {"10.61.0.0/16", "2001:db8:61::/48"});
  ASSERT_TRUE(network_->protect(tunnel));
  add_interface("a/b");
  ASSERT_TRUE(network_->attach(tunnel));
  ns_.in([] { ASSERT_TRUE(cleanup_node()); });
  EXPECT_EQ(ns_.run("ip link show | grep -c hws; ip rule show; ip route show table all"), before);
  EXPECT_THAT(ns_.run("ip -6 rule show"), Not(HasSubstr("18519")));
  EXPECT_THAT(routes(), IsEmpty());
  ns_.in([] { EXPECT_TRUE(cleanup_node()) << "a second time"; });
}

TEST_F(NodeNetworkContract, ARuleThatLeadsNowhereGoesAndOneThatHoldsPacketsBackStays) {
  ASSERT_TRUE(network_->protect(spec("a/b", {"10.61.0.0/16"})));
  ns_.in([] { ASSERT_TRUE(remove_idle_rules()); });
  EXPECT_THAT(ns_.run("ip rule show"), HasSubstr("18519"));
  EXPECT_THAT(ns_.run("ip -6 rule show"), Not(HasSubstr("18519"))) << "no IPv6 prefix is held back";
  ns_.run("ip route flush table 18519");
  ns_.in([] { ASSERT_TRUE(remove_idle_rules()); });
  EXPECT_THAT(ns_.run("ip rule show"), Not(HasSubstr("18519")));
}

}  // namespace
}  // namespace hawser::dataplane
