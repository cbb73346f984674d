#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/pair.h"

// Each single message of each exchange lost once: the retransmission has to make it good, byte for byte (the
// audit compares), and no inner packet may suffer from it.
namespace hawser::sim {
namespace {

using std::chrono::seconds;
using testing::IsEmpty;

// Establishes, rekeys the Child SA and the IKE SA from each side. True when the `victim`th IKE message was
// reached.
bool run_with_loss(int victim, Pair& pair) {
  int seen = 0;
  pair.sim.network.drop = [&](const Packet& packet) { return packet.ike() != nullptr && seen++ == victim; };
  EXPECT_TRUE(pair.establish(seconds(60))) << "message " << victim << "\n" << pair.sim.tail();
  for (bool ike : {false, true})
    for (Side side : {Side::A, Side::B}) {
      EXPECT_TRUE(pair.sim.settle(seconds(120)));
      SimPeer& peer = pair.side(side);
      auto done = pair.sim.act(peer, [&](ike::Endpoint& e) {
        return ike ? e.rekey_ike(pair.sim.now(), peer.connection)
                   : e.rekey_child(pair.sim.now(), peer.connection);
      });
      EXPECT_TRUE(done.has_value()) << "message " << victim << "\n" << pair.sim.tail();
    }
  EXPECT_TRUE(pair.sim.settle(seconds(120)));
  EXPECT_THAT(pair.at_rest(), IsEmpty()) << "message " << victim << "\n" << pair.sim.tail();
  EXPECT_THAT(pair.lost_packets(), IsEmpty()) << "message " << victim << "\n" << pair.sim.tail();
  pair.sim.network.drop = nullptr;
  return seen > victim;
}

TEST(Loss, OfEachSingleMessageIsMadeGood) {
  int victim = 0;
  for (bool reached = true; reached; ++victim) {
    Pair pair({.seed = 7});
    reached = run_with_loss(victim, pair);
  }
  // 4 to establish; 4 rekeys, each with its Delete: 16.
  EXPECT_GT(victim, 20);
}

TEST(Loss, RetransmissionsAreReportedAndIdentical) {
  Pair pair({});
  int left = 3;
  pair.sim.network.drop = [&](const Packet& packet) { return packet.ike() != nullptr && left-- > 0; };
  ASSERT_TRUE(pair.establish(seconds(30))) << pair.sim.tail();
  EXPECT_EQ(count_events<ike::Retransmitted>(pair.a), 3u) << pair.sim.tail();
  const auto& lines = pair.sim.transcript();
  auto octets = [&](size_t i) { return lines[i].substr(lines[i].find(" | ")); };
  for (size_t i = 1; i <= 3; ++i) EXPECT_EQ(octets(i), octets(0));
}

}  // namespace
}  // namespace hawser::sim
