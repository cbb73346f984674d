#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/pair.h"

namespace hawser::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;

struct Case {
  const char* name;
  bool nat_a, nat_b;
  ike::Nat seen_by_a, seen_by_b;
};

class NatTest : public testing::TestWithParam<Case> {
 protected:
  PairOptions options() const {
    return {.nat_a = GetParam().nat_a, .nat_b = GetParam().nat_b, .forward_ports = GetParam().nat_b};
  }
};

TEST_P(NatTest, IsDetectedAndThePortsFloat) {
  Pair pair(options());
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  ASSERT_TRUE(pair.sim.settle(seconds(60), seconds(5)));
  EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
  EXPECT_EQ(pair.a.view().ike_sas[0].nat, GetParam().seen_by_a);
  EXPECT_EQ(pair.b.view().ike_sas[0].nat, GetParam().seen_by_b);
  EXPECT_EQ(pair.a.view().ike_sas[0].local.port, kNatPort);
  EXPECT_EQ(pair.b.view().ike_sas[0].local.port, kNatPort);
  EXPECT_EQ(pair.a.view().child_sas[0].encapsulation, sa::Encapsulation::Udp);
  EXPECT_EQ(pair.b.view().child_sas[0].encapsulation, sa::Encapsulation::Udp);
  pair.sim.run_for(seconds(10));
  EXPECT_THAT(pair.lost_packets(), IsEmpty()) << pair.sim.tail();
  EXPECT_GT(pair.b.traffic.delivered, 400u);
}

TEST_P(NatTest, RekeysFromBothSidesLoseNothing) {
  Pair pair(options());
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  for (Side side : {Side::A, Side::B})
    for (bool ike : {false, true}) {
      SimPeer& peer = pair.side(side);
      ASSERT_TRUE(pair.sim.act(peer, [&](ike::Endpoint& e) {
        return ike ? e.rekey_ike(pair.sim.now(), peer.connection)
                   : e.rekey_child(pair.sim.now(), peer.connection);
      }));
      ASSERT_TRUE(pair.sim.settle(seconds(60))) << pair.sim.tail();
      EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
      EXPECT_THAT(pair.lost_packets(), IsEmpty()) << pair.sim.tail();
    }
}

TEST_P(NatTest, OnlyTheSideBehindItSendsKeepalives) {
  PairOptions quiet = options();
  quiet.traffic = {};
  Pair pair(quiet);
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  pair.sim.run_for(seconds(300));
  size_t from_a = 0;
  size_t from_b = 0;
  for (const std::string& line : pair.sim.transcript()) {
    if (!line.ends_with(" | ff")) continue;
    ++(line.find(" A ") != std::string::npos ? from_a : from_b);
  }
  EXPECT_EQ(from_a > 0, GetParam().nat_a) << pair.sim.tail();
  EXPECT_EQ(from_b > 0, GetParam().nat_b) << pair.sim.tail();
  EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
}

INSTANTIATE_TEST_SUITE_P(Each, NatTest,
                         testing::Values(Case{"Local", true, false, ike::Nat::Local, ike::Nat::Remote},
                                         Case{"Remote", false, true, ike::Nat::Remote, ike::Nat::Local},
                                         Case{"Both", true, true, ike::Nat::Both, ike::Nat::Both}),
                         [](const auto& test) { return test.param.name; });

TEST(Nat, ANewMappingIsFollowed) {
  Pair pair({.nat_a = true});
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  pair.sim.network.forget_nat_mappings();
  // A's next authenticated IKE message shows the new port to B (RFC 7296 2.23).
  ASSERT_TRUE(pair.sim.act(
      pair.a, [&](ike::Endpoint& e) { return e.rekey_child(pair.sim.now(), pair.a.connection); }));
  ASSERT_TRUE(pair.sim.settle(seconds(120))) << pair.sim.tail();
  EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
  pair.mark_traffic();
  uint64_t delivered = pair.b.traffic.delivered;
  pair.sim.run_for(seconds(5));
  EXPECT_THAT(pair.lost_packets(), IsEmpty());
  EXPECT_GE(pair.b.traffic.delivered, delivered + 240) << pair.sim.tail();
}

TEST(Nat, UdpEncapsulationCanBeForced) {
  PairOptions options;
  options.endpoint.raw_esp = false;
  Pair pair(options);
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  pair.sim.run_for(seconds(5));
  EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
  EXPECT_EQ(pair.a.view().child_sas[0].encapsulation, sa::Encapsulation::Udp);
  EXPECT_THAT(pair.lost_packets(), IsEmpty()) << pair.sim.tail();
}

}  // namespace
}  // namespace hawser::sim
