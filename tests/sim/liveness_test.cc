#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/pair.h"

namespace hawser::sim {
namespace {

using catalog::Reason;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;

TEST(Liveness, ADeadPeerIsDeclaredDeadAtTheTimeout) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    Pair pair({.seed = seed});
    ASSERT_TRUE(pair.establish()) << pair.sim.tail();
    pair.b.present = false;
    uint64_t before = pair.sim.ike_messages();
    pair.sim.run_for(seconds(14));
    EXPECT_EQ(pair.sim.ike_messages(), before) << "no probe before a third of 45 s";
    pair.sim.run_for(seconds(3));
    EXPECT_GT(pair.sim.ike_messages(), before) << pair.sim.tail();
    pair.sim.run_for(seconds(26));
    EXPECT_TRUE(pair.a.up()) << "43 s after the last packet";
    pair.sim.run_for(seconds(4));
    EXPECT_FALSE(pair.a.up()) << pair.sim.tail();
    EXPECT_EQ(pair.a.view().reason, Reason::LivenessTimeout) << pair.sim.tail();
    EXPECT_TRUE(pair.a.plane.pairs().empty());
    EXPECT_THAT(pair.sim.violations(), IsEmpty()) << pair.sim.tail();
  }
}

TEST(Liveness, TrafficMakesProbesUnnecessary) {
  Pair pair({.traffic = milliseconds(500)});
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  uint64_t before = pair.sim.ike_messages();
  pair.sim.run_for(seconds(300));
  EXPECT_EQ(pair.sim.ike_messages(), before) << pair.sim.tail();
}

TEST(Liveness, AQuietTunnelStaysUpByProbes) {
  Pair pair({.traffic = {}});
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  uint64_t before = pair.sim.ike_messages();
  pair.sim.run_for(seconds(600));
  EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
  EXPECT_GT(pair.sim.ike_messages(), before + 20) << "probes and answers";
}

TEST(Liveness, APeerThatComesBackWithItsMemoryIsReachedAgain) {
  Pair pair({});
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  pair.b.present = false;
  pair.sim.run_for(seconds(90));
  pair.b.present = true;
  EXPECT_TRUE(pair.sim.run_until([&] { return pair.both_up(); }, seconds(35))) << pair.sim.tail();
  pair.sim.settle(seconds(120));
  EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
}

TEST(Restart, OfTheInitiatorReplacesItsOldSasAtOnce) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Pair pair({.seed = seed});
    ASSERT_TRUE(pair.establish()) << pair.sim.tail();
    pair.sim.crash_and_restart(pair.a);
    pair.apply(pair.a, pair.config_a());
    EXPECT_TRUE(pair.sim.run_until([&] { return pair.a.up(); }, seconds(5))) << pair.sim.tail();
    pair.sim.settle(seconds(60));
    EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
    pair.mark_traffic();
    pair.sim.run_for(seconds(5));
    EXPECT_THAT(pair.lost_packets(), IsEmpty()) << pair.sim.tail();
  }
}

TEST(Restart, OfASideThatMayInitiateIsQuickFromEitherSide) {
  for (uint64_t seed = 1; seed <= 10; ++seed)
    for (Side side : {Side::A, Side::B}) {
      Pair pair({.seed = seed});
      auto config_b = pair.config_b();
      config_b.mode = ike::Mode::Default;
      pair.apply(pair.b, config_b.clone());
      pair.apply(pair.a, pair.config_a());
      pair.sim.settle(seconds(60));
      ASSERT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
      SimPeer& peer = pair.side(side);
      pair.sim.crash_and_restart(peer);
      pair.apply(peer, side == Side::A ? pair.config_a() : std::move(config_b));
      EXPECT_TRUE(pair.sim.run_until([&] { return peer.up(); }, seconds(5))) << pair.sim.tail();
      pair.sim.settle(seconds(60));
      EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
    }
}

TEST(Restart, OfAResponderOnlySideIsNoticedByLiveness) {
  Pair pair({});
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  pair.sim.crash_and_restart(pair.b);
  pair.apply(pair.b, pair.config_b());
  EXPECT_TRUE(pair.sim.run_until([&] { return pair.b.up(); }, seconds(80))) << pair.sim.tail();
  pair.sim.settle(seconds(60));
  EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
}

}  // namespace
}  // namespace hawser::sim
