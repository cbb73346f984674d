#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/pair.h"

// Both ends start at the same moment and both initiate. Exactly one IKE SA and one Child pair may remain, the
// same on both sides, and no packet may be lost on the way there.
namespace hawser::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;

void start_both(Pair& pair, Dice& dice) {
  auto config_b = pair.config_b();
  config_b.mode = ike::Mode::Default;
  pair.apply(pair.b, std::move(config_b));
  pair.sim.run_for(dice.between({}, milliseconds(60)));
  pair.apply(pair.a, pair.config_a());
}

TEST(Crossed, EndsInOneSaAndLosesNothing) {
  size_t crossings = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Pair pair({.seed = seed, .traffic = milliseconds(5)});
    Dice dice(seed);
    // In order: then not even the packets that follow an IKE_AUTH response at once may be lost.
    pair.sim.network.path.latency_low = pair.sim.network.path.latency_high =
        milliseconds(10 + static_cast<int64_t>(seed));
    start_both(pair, dice);
    ASSERT_TRUE(pair.sim.run_until([&] { return pair.both_up(); }, seconds(10))) << pair.sim.tail();
    ASSERT_TRUE(pair.sim.settle(seconds(60))) << pair.sim.tail();
    crossings += pair.a.plane.installs() > 1 || pair.b.plane.installs() > 1 ? 1 : 0;
    EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
    EXPECT_THAT(pair.a.traffic.lost, IsEmpty()) << pair.sim.tail();
    EXPECT_THAT(pair.b.traffic.lost, IsEmpty()) << pair.sim.tail();
  }
  EXPECT_GT(crossings, 10u) << "the test must meet what it is for";
}

TEST(Crossed, LosesNothingOnceUpOverAReorderingWire) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Pair pair({.seed = seed, .traffic = milliseconds(5)});
    Dice dice(seed);
    pair.sim.network.path.latency_high = milliseconds(10 + static_cast<int64_t>(seed));
    start_both(pair, dice);
    ASSERT_TRUE(pair.sim.run_until([&] { return pair.both_up(); }, seconds(10))) << pair.sim.tail();
    // What a responder sends at once may overtake its IKE_AUTH response: one latency of grace.
    pair.sim.run_for(pair.sim.network.path.latency_high);
    pair.mark_traffic();
    ASSERT_TRUE(pair.sim.settle(seconds(60))) << pair.sim.tail();
    EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
    EXPECT_THAT(pair.lost_packets(), IsEmpty()) << pair.sim.tail();
  }
}

TEST(Crossed, EndsInOneSaOver200LossyWires) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Pair pair({.seed = seed, .traffic = milliseconds(50)});
    Dice dice(seed);
    double loss = 0.05 + 0.15 * static_cast<double>(seed % 16) / 15;
    pair.sim.network.path = {milliseconds(1), milliseconds(1 + static_cast<int64_t>(seed % 100)), loss, 0.02};
    start_both(pair, dice);
    EXPECT_TRUE(pair.sim.run_until([&] { return pair.both_up(); }, seconds(60))) << pair.sim.tail();
    ASSERT_TRUE(pair.sim.settle(seconds(300))) << pair.sim.tail();
    EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
    if (HasFailure()) break;
  }
}

TEST(Crossed, SurvivesAWireThatComesUpLate) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Pair pair({.seed = seed});
    Dice dice(seed);
    pair.sim.network.drop = [](const Packet&) { return true; };
    start_both(pair, dice);
    pair.sim.run_for(seconds(20 + static_cast<int64_t>(seed) * 7));
    pair.sim.network.drop = nullptr;
    EXPECT_TRUE(pair.sim.run_until([&] { return pair.both_up(); }, seconds(35))) << pair.sim.tail();
    ASSERT_TRUE(pair.sim.settle(seconds(120))) << pair.sim.tail();
    EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
  }
}

}  // namespace
}  // namespace hawser::sim
