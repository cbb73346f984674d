#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/pair.h"

// Both ends rekey at the same moment (RFC 7296 2.8.1, 2.8.2).
namespace hawser::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;

void rekey(Pair& pair, SimPeer& peer, bool ike) {
  auto done = pair.sim.act(peer, [&](ike::Endpoint& e) {
    return ike ? e.rekey_ike(pair.sim.now(), peer.connection)
               : e.rekey_child(pair.sim.now(), peer.connection);
  });
  EXPECT_TRUE(done || done.error().code == ErrorCode::Unavailable) << done.error().message;
}

// Both asked before either was answered.
bool crossed(const Simulation& sim) {
  bool asked_a = false;
  bool asked_b = false;
  for (const std::string& line : sim.transcript()) {
    if (line.find("CREATE_CHILD_SA response") != std::string::npos) break;
    if (line.find("CREATE_CHILD_SA request") == std::string::npos) continue;
    (line.find(" A ") != std::string::npos ? asked_a : asked_b) = true;
  }
  return asked_a && asked_b;
}

class Collision : public testing::TestWithParam<std::pair<bool, bool>> {};

TEST_P(Collision, OfRekeysEndsInOneSaAndLosesNothing) {
  size_t crossings = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Pair pair({.seed = seed, .traffic = milliseconds(5)});
    ASSERT_TRUE(pair.establish()) << pair.sim.tail();
    Dice dice(seed);
    bool lossy = seed % 2 == 0;
    pair.sim.network.path = {milliseconds(5), milliseconds(lossy ? 60 : 5), lossy ? 0.15 : 0,
                             lossy ? 0.1 : 0};
    pair.sim.run_for(seconds(1));
    pair.mark_traffic();
    rekey(pair, pair.a, GetParam().first);
    pair.sim.run_for(dice.between({}, milliseconds(25)));
    rekey(pair, pair.b, GetParam().second);
    ASSERT_TRUE(pair.sim.settle(seconds(300))) << pair.sim.tail();
    EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
    EXPECT_THAT(pair.lost_packets(), IsEmpty()) << pair.sim.tail();
    if (HasFailure()) return;
    crossings += crossed(pair.sim) ? 1 : 0;
  }
  EXPECT_GT(crossings, 10u) << "the test must meet what it is for";
}

INSTANTIATE_TEST_SUITE_P(Each, Collision,
                         testing::Values(std::pair(false, false), std::pair(true, true),
                                         std::pair(false, true), std::pair(true, false)),
                         [](const auto& test) {
                           return std::string(test.param.first ? "Ike" : "Child") + "Against" +
                                  (test.param.second ? "Ike" : "Child");
                         });

}  // namespace
}  // namespace hawser::sim
