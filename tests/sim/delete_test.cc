#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/pair.h"

namespace hawser::sim {
namespace {

using catalog::Reason;
using std::chrono::seconds;
using testing::IsEmpty;

TEST(Delete, OfAConnectionEndsItOnBothSides) {
  for (Side side : {Side::A, Side::B}) {
    Pair pair({});
    ASSERT_TRUE(pair.establish()) << pair.sim.tail();
    SimPeer& one = pair.side(side);
    SimPeer& other = pair.side(side == Side::A ? Side::B : Side::A);
    pair.sim.act(one, [&](ike::Endpoint& e) { e.remove(pair.sim.now(), one.connection); });
    EXPECT_TRUE(one.endpoint->snapshot().empty());
    pair.sim.run_for(seconds(2));
    EXPECT_FALSE(other.up()) << pair.sim.tail();
    EXPECT_TRUE(one.plane.pairs().empty()) << pair.sim.tail();
    EXPECT_FALSE(other.plane.outbound_pair(other.connection)) << pair.sim.tail();
    pair.sim.run_for(seconds(30));
    EXPECT_TRUE(other.plane.pairs().empty()) << pair.sim.tail();
    EXPECT_THAT(pair.sim.violations(), IsEmpty()) << pair.sim.tail();
  }
}

TEST(Delete, IsToldToTheOperatorOfTheOtherSide) {
  Pair pair({});
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  pair.sim.act(pair.a, [&](ike::Endpoint& e) { e.remove(pair.sim.now(), pair.a.connection); });
  pair.sim.run_for(seconds(2));
  EXPECT_EQ(pair.b.view().reason, Reason::PeerDeleted) << pair.sim.tail();
}

TEST(Delete, AnAppliedConnectionComesBack) {
  Pair pair({});
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  pair.sim.act(pair.a, [&](ike::Endpoint& e) { e.remove(pair.sim.now(), pair.a.connection); });
  pair.apply(pair.a, pair.config_a());
  EXPECT_TRUE(pair.sim.run_until([&] { return pair.both_up(); }, seconds(35))) << pair.sim.tail();
  pair.sim.settle(seconds(60));
  EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
}

TEST(Delete, ShutdownTellsThePeerAndGoesIdle) {
  Pair pair({});
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  pair.sim.act(pair.a, [&](ike::Endpoint& e) { e.shutdown(pair.sim.now()); });
  EXPECT_TRUE(pair.sim.run_until([&] { return pair.a.endpoint->idle(); }, seconds(1))) << pair.sim.tail();
  EXPECT_FALSE(pair.b.up()) << pair.sim.tail();
  uint64_t sent = pair.sim.ike_messages();
  pair.sim.run_for(seconds(1));
  EXPECT_EQ(pair.sim.ike_messages(), sent) << "no new negotiation after shutdown\n" << pair.sim.tail();
  EXPECT_THAT(pair.sim.violations(), IsEmpty()) << pair.sim.tail();
}

TEST(Delete, RestartNegotiatesAnew) {
  Pair pair({});
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  auto before = pair.a.view().ike_sas[0].initiator_spi;
  ASSERT_TRUE(
      pair.sim.act(pair.a, [&](ike::Endpoint& e) { return e.restart(pair.sim.now(), pair.a.connection); }));
  EXPECT_TRUE(pair.sim.settle(seconds(60)));
  EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
  EXPECT_NE(pair.a.view().ike_sas[0].initiator_spi, before);
}

TEST(InstallFailure, IsReportedAndTriedAgain) {
  for (Side side : {Side::A, Side::B}) {
    Pair pair({});
    SimPeer& broken = pair.side(side);
    broken.plane.refuse_installs(true);
    pair.apply(pair.b, pair.config_b());
    pair.apply(pair.a, pair.config_a());
    pair.sim.run_for(seconds(20));
    EXPECT_FALSE(broken.plane.outbound_pair(broken.connection));
    broken.plane.refuse_installs(false);
    EXPECT_TRUE(
        pair.sim.run_until([&] { return pair.both_up() && !broken.plane.pairs().empty(); }, seconds(90)))
        << pair.sim.tail();
    pair.sim.settle(seconds(60));
    EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
  }
}

}  // namespace
}  // namespace hawser::sim
