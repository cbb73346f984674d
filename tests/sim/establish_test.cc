#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/pair.h"

namespace hawser::sim {
namespace {

using catalog::Reason;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;

TEST(Establish, FourMessagesMakeAnIkeSaAndAChildSa) {
  Pair pair({.traffic = {}});
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  EXPECT_EQ(pair.sim.ike_messages(), 4u) << pair.sim.tail();
  EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
  auto view = pair.a.view();
  EXPECT_EQ(view.ike_sas[0].role, sa::Role::Initiator);
  EXPECT_EQ(view.ike_sas[0].suite, quick_suite().ike);
  EXPECT_EQ(view.ike_sas[0].nat, ike::Nat::None);
  EXPECT_EQ(view.ike_sas[0].remote.port, kIkePort);
  EXPECT_EQ(view.child_sas[0].exchanged_group, nullptr) << "IKE_AUTH carries no key exchange";
  EXPECT_EQ(view.child_sas[0].encapsulation, sa::Encapsulation::None);
  for (SimPeer* peer : {&pair.a, &pair.b}) {
    EXPECT_EQ(count_events<ike::HandshakeCompleted>(*peer), 1u);
    EXPECT_EQ(last_failure(*peer), nullptr);
  }
}

TEST(Establish, TrafficFlowsBothWays) {
  Pair pair({});
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  pair.sim.run_for(seconds(30));
  EXPECT_THAT(pair.lost_packets(), IsEmpty());
  EXPECT_GT(pair.a.traffic.delivered, 1400u);
  EXPECT_GT(pair.b.traffic.delivered, 1400u);
  EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
}

TEST(Establish, SurvivesDuplicatesAndReordering) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Pair pair({.seed = seed});
    pair.sim.network.path = {milliseconds(1), milliseconds(400), 0, 0.5};
    ASSERT_TRUE(pair.establish()) << pair.sim.tail();
    ASSERT_TRUE(pair.sim.settle(seconds(120))) << pair.sim.tail();
    EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
    EXPECT_THAT(pair.lost_packets(), IsEmpty()) << pair.sim.tail();
  }
}

TEST(Establish, SurvivesLossOfATenthToAThird) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    Pair pair({.seed = seed});
    pair.sim.network.path = {milliseconds(5), milliseconds(50), seed % 2 ? 0.1 : 0.33, 0.05};
    ASSERT_TRUE(pair.establish(seconds(90))) << pair.sim.tail();
    ASSERT_TRUE(pair.sim.settle(seconds(120))) << pair.sim.tail();
    EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
  }
}

TEST(Establish, EitherOrBothMayInitiate) {
  for (auto [mode_a, mode_b] : {std::pair(ike::Mode::ResponderOnly, ike::Mode::InitiatorOnly),
                                std::pair(ike::Mode::InitiatorOnly, ike::Mode::ResponderOnly),
                                std::pair(ike::Mode::InitiatorOnly, ike::Mode::Default)}) {
    Pair pair({});
    auto config_a = pair.config_a();
    auto config_b = pair.config_b();
    config_a.mode = mode_a;
    config_b.mode = mode_b;
    pair.apply(pair.a, std::move(config_a));
    pair.apply(pair.b, std::move(config_b));
    EXPECT_TRUE(pair.sim.run_until([&] { return pair.both_up(); }, seconds(45))) << pair.sim.tail();
    pair.sim.settle(seconds(60));
    EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
  }
}

TEST(Establish, Ipv6SelectorsOnlyWhenBothWantThem) {
  for (bool both : {false, true}) {
    Pair pair({});
    auto config_a = pair.config_a();
    auto config_b = pair.config_b();
    config_a.ipv6_selectors = true;
    config_b.ipv6_selectors = both;
    pair.apply(pair.b, std::move(config_b));
    pair.apply(pair.a, std::move(config_a));
    ASSERT_TRUE(pair.sim.run_until([&] { return pair.both_up(); }, seconds(10))) << pair.sim.tail();
    EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
    const auto& spec = pair.a.plane.pairs().begin()->second.spec;
    EXPECT_EQ(spec.local_selectors.size(), both ? 2u : 1u);
    EXPECT_EQ(spec.local_selectors[0], sa::TrafficSelector::of(IpPrefix::any(IpVersion::V4)));
  }
}

TEST(Establish, APeerThatAppearsLateIsReachedWithin35Seconds) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Pair pair({.seed = seed});
    pair.b.present = false;
    pair.apply(pair.b, pair.config_b());
    pair.apply(pair.a, pair.config_a());
    pair.sim.run_for(seconds(9));
    EXPECT_EQ(pair.a.view().reason, Reason::Connecting) << pair.sim.tail();
    pair.sim.run_for(seconds(3));
    EXPECT_EQ(pair.a.view().reason, Reason::PeerUnreachable) << pair.sim.tail();
    pair.sim.run_for(seconds(100 + static_cast<int64_t>(seed) * 17));
    EXPECT_EQ(pair.a.view().reason, Reason::PeerUnreachable) << pair.sim.tail();
    pair.b.present = true;
    EXPECT_TRUE(pair.sim.run_until([&] { return pair.both_up(); }, seconds(35))) << pair.sim.tail();
    pair.sim.settle(seconds(60));
    EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
  }
}

TEST(Establish, AWaitingResponderSaysSo) {
  Pair pair({});
  pair.apply(pair.b, pair.config_b());
  pair.sim.run_for(seconds(60));
  EXPECT_EQ(pair.b.view().reason, Reason::WaitingForPeer);
  EXPECT_EQ(pair.sim.ike_messages(), 0u);
}

TEST(Establish, AnUnknownPeerGetsNoSa) {
  Pair pair({});
  pair.apply(pair.a, pair.config_a());
  pair.sim.run_for(seconds(60));
  EXPECT_FALSE(pair.a.up());
  EXPECT_NE(pair.a.view().reason, Reason::Connecting);
  EXPECT_TRUE(pair.b.plane.pairs().empty());
  EXPECT_THAT(pair.sim.violations(), IsEmpty()) << pair.sim.tail();
}

}  // namespace
}  // namespace hawser::sim
