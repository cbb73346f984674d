#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/pair.h"

namespace hawser::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<std::string> transcript_of(uint64_t seed) {
  Pair pair({.seed = seed});
  pair.sim.network.path = {milliseconds(1), milliseconds(90), 0.15, 0.1};
  auto config_b = pair.config_b();
  config_b.mode = ike::Mode::Default;
  pair.apply(pair.b, std::move(config_b));
  pair.apply(pair.a, pair.config_a());
  pair.sim.settle(seconds(120));
  for (SimPeer* peer : {&pair.a, &pair.b}) {
    auto rekeyed =
        pair.sim.act(*peer, [&](ike::Endpoint& e) { return e.rekey_ike(pair.sim.now(), peer->connection); });
    EXPECT_TRUE(rekeyed) << pair.sim.tail();
    pair.sim.settle(seconds(120));
  }
  return pair.sim.transcript();
}

TEST(Determinism, OneSeedGivesTheSameOctetsAtTheSameMoments) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    auto once = transcript_of(seed);
    EXPECT_GT(once.size(), 10u);
    EXPECT_EQ(once, transcript_of(seed));
  }
}

TEST(Determinism, AnotherSeedGivesOtherOctets) { EXPECT_NE(transcript_of(1), transcript_of(2)); }

}  // namespace
}  // namespace hawser::sim
