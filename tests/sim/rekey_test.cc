#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/pair.h"

namespace hawser::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;

struct Ids {
  uint64_t ike = 0;
  uint32_t child = 0;
};

Ids ids_of(const SimPeer& peer) {
  auto view = peer.view();
  return {view.ike_sas.back().initiator_spi.value, view.child_sas.back().inbound_spi.value};
}

void rekey(Pair& pair, SimPeer& peer, bool ike) {
  auto done = pair.sim.act(peer, [&](ike::Endpoint& e) {
    return ike ? e.rekey_ike(pair.sim.now(), peer.connection)
               : e.rekey_child(pair.sim.now(), peer.connection);
  });
  ASSERT_TRUE(done.has_value()) << done.error().message;
}

// A rekey without a lost packet, after which nothing is left of the old SA.
void rekey_and_check(Pair& pair, SimPeer& peer, bool ike) {
  Ids before = ids_of(peer);
  rekey(pair, peer, ike);
  ASSERT_TRUE(pair.sim.settle(seconds(120))) << pair.sim.tail();
  Ids after = ids_of(peer);
  EXPECT_EQ(before.ike != after.ike, ike) << pair.sim.tail();
  EXPECT_EQ(before.child != after.child, !ike) << pair.sim.tail();
  EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
  EXPECT_THAT(pair.lost_packets(), IsEmpty()) << pair.sim.tail();
}

size_t rekeys_reported(const SimPeer& peer, bool ike, sa::Role role) {
  size_t out = 0;
  for (const auto& event : peer.events)
    if (const auto* rekeyed = std::get_if<ike::Rekeyed>(&event))
      out += rekeyed->ok && rekeyed->ike == ike && rekeyed->role == role ? 1 : 0;
  return out;
}

struct Case {
  const char* name;
  Side side;
  bool ike;
  const char* pfs;
};

class Rekey : public testing::TestWithParam<Case> {
 protected:
  Suite suite() const { return suite_of("AES128", "SHA256", "ECP256", "AES256", "SHA256", GetParam().pfs); }
};

TEST_P(Rekey, LosesNoPacketAndLeavesNothingBehind) {
  Pair pair({.suite = suite(), .traffic = milliseconds(2)});
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  rekey_and_check(pair, pair.side(GetParam().side), GetParam().ike);
  SimPeer& other = pair.side(GetParam().side == Side::A ? Side::B : Side::A);
  EXPECT_EQ(rekeys_reported(pair.side(GetParam().side), GetParam().ike, sa::Role::Initiator), 1u);
  EXPECT_EQ(rekeys_reported(other, GetParam().ike, sa::Role::Responder), 1u);
  if (!GetParam().ike) {
    EXPECT_EQ(pair.a.view().child_sas[0].exchanged_group, suite().child.pfs);
    EXPECT_EQ(pair.b.view().child_sas[0].exchanged_group, suite().child.pfs);
  }
}

TEST_P(Rekey, WorksThreeTimesRunning) {
  Pair pair({.suite = suite()});
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  for (int i = 0; i < 3; ++i) rekey_and_check(pair, pair.side(GetParam().side), GetParam().ike);
}

TEST_P(Rekey, WorksAfterTheOtherSidesRekeys) {
  Pair pair({.suite = suite()});
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  Side other = GetParam().side == Side::A ? Side::B : Side::A;
  rekey_and_check(pair, pair.side(other), !GetParam().ike);
  rekey_and_check(pair, pair.side(GetParam().side), GetParam().ike);
  rekey_and_check(pair, pair.side(other), GetParam().ike);
  rekey_and_check(pair, pair.side(GetParam().side), !GetParam().ike);
}

TEST_P(Rekey, LosesNoPacketOverALossyWire) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Pair pair({.seed = seed, .suite = suite()});
    ASSERT_TRUE(pair.establish()) << pair.sim.tail();
    pair.sim.network.path = {milliseconds(5), milliseconds(80), 0.2, 0.1};
    rekey_and_check(pair, pair.side(GetParam().side), GetParam().ike);
  }
}

INSTANTIATE_TEST_SUITE_P(Each, Rekey,
                         testing::Values(Case{"ChildByInitiatorWithPfs", Side::A, false, "PFS2"},
                                         Case{"ChildByResponderWithPfs", Side::B, false, "ECP256"},
                                         Case{"ChildByInitiatorWithoutPfs", Side::A, false, "None"},
                                         Case{"ChildByResponderWithoutPfs", Side::B, false, "None"},
                                         Case{"IkeByInitiator", Side::A, true, "None"},
                                         Case{"IkeByResponder", Side::B, true, "None"}),
                         [](const auto& test) { return test.param.name; });

TEST(Lifetime, OctetsBringARekeyBeforeTheyRunOut) {
  Pair pair({.traffic = milliseconds(10)});
  auto config = pair.config_a();
  config.child_bytes = 200'000;
  pair.sim.packet_octets = 1000;
  pair.apply(pair.b, pair.config_b());
  pair.apply(pair.a, std::move(config));
  ASSERT_TRUE(pair.sim.run_until([&] { return pair.both_up(); }, seconds(10))) << pair.sim.tail();
  pair.sim.run_for(milliseconds(200));
  pair.mark_traffic();
  size_t installs = pair.a.plane.installs();
  pair.sim.run_for(seconds(20));
  EXPECT_GE(pair.a.plane.installs(), installs + 8) << "2 MB at 200 kB a pair";
  EXPECT_THAT(pair.lost_packets(), IsEmpty()) << pair.sim.tail();
  EXPECT_THAT(pair.sim.violations(), IsEmpty()) << pair.sim.tail();
}

TEST(Lifetime, TimeBringsRekeysOfBothKindsWithoutLoss) {
  Pair pair({.traffic = milliseconds(100)});
  for (bool first : {true, false}) {
    auto config = first ? pair.config_b() : pair.config_a();
    config.child_lifetime = seconds(first ? 330 : 300);
    config.ike_lifetime = seconds(first ? 900 : 1000);
    pair.apply(first ? pair.b : pair.a, std::move(config));
  }
  ASSERT_TRUE(pair.sim.run_until([&] { return pair.both_up(); }, seconds(10))) << pair.sim.tail();
  pair.sim.run_for(milliseconds(200));
  pair.mark_traffic();
  pair.sim.run_for(seconds(3600));
  EXPECT_GE(pair.a.plane.installs(), 12u);
  size_t ike_rekeys = 0;
  for (const auto& event : pair.a.events)
    if (const auto* rekeyed = std::get_if<ike::Rekeyed>(&event))
      ike_rekeys += rekeyed->ike && rekeyed->ok ? 1 : 0;
  EXPECT_GE(ike_rekeys, 3u);
  EXPECT_THAT(pair.lost_packets(), IsEmpty()) << pair.sim.tail();
  ASSERT_TRUE(pair.sim.settle(seconds(600))) << pair.sim.tail();
  EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
}

}  // namespace
}  // namespace hawser::sim
