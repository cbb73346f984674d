#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/pair.h"

// A policy edited on both sites, one after the other: the tunnel ends up with exactly the new one.
namespace hawser::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;

struct Case {
  const char* name;
  Suite to;
  ike::Impact impact;
  bool both_initiate;
};

const Suite kFrom = suite_of("AES128", "SHA1", "ECP256", "AES256", "SHA256", "None");

class PolicyChange : public testing::TestWithParam<Case> {
 protected:
  ike::PeerConfig config(const Pair& pair, Side side, const Suite& suite) const {
    auto out = side == Side::A ? pair.config_a() : pair.config_b();
    out.ike_suite = suite.ike;
    out.child_suite = suite.child;
    if (GetParam().both_initiate) out.mode = ike::Mode::Default;
    return out;
  }
};

TEST_P(PolicyChange, OnBothSidesEndsInTheNewSuite) {
  for (Side first : {Side::A, Side::B})
    for (int64_t gap : {0, 3000, 40000}) {
      Side second = first == Side::A ? Side::B : Side::A;
      Pair pair({.traffic = milliseconds(50)});
      pair.apply(pair.b, config(pair, Side::B, kFrom));
      pair.apply(pair.a, config(pair, Side::A, kFrom));
      ASSERT_TRUE(pair.sim.settle(seconds(60)));
      ASSERT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
      pair.apply(pair.side(first), config(pair, first, GetParam().to), GetParam().impact);
      pair.sim.run_for(milliseconds(gap));
      pair.apply(pair.side(second), config(pair, second, GetParam().to), GetParam().impact);
      auto done = [&] {
        auto pairs = [](SimPeer& peer) {
          return peer.plane.pairs().size() == 1 ? &peer.plane.pairs().begin()->second : nullptr;
        };
        return pair.both_up() && pairs(pair.a) && pairs(pair.b) &&
               pairs(pair.a)->spec.suite.encryption == GetParam().to.child.encryption &&
               pair.a.view().ike_sas.back().suite == GetParam().to.ike;
      };
      EXPECT_TRUE(pair.sim.run_until(done, seconds(70))) << "gap " << gap << "\n" << pair.sim.tail();
      EXPECT_TRUE(pair.sim.settle(seconds(200))) << pair.sim.tail();
      EXPECT_THAT(pair.at_rest(), IsEmpty()) << "gap " << gap << "\n" << pair.sim.tail();
      for (SimPeer* peer : {&pair.a, &pair.b}) {
        EXPECT_EQ(peer->view().ike_sas[0].suite, GetParam().to.ike) << peer->name << pair.sim.tail();
        EXPECT_EQ(peer->view().child_sas[0].suite, GetParam().to.child) << peer->name << pair.sim.tail();
      }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Each, PolicyChange,
    testing::Values(Case{"EspSuite", suite_of("AES128", "SHA1", "ECP256", "GCMAES256", "", "None"),
                         ike::Impact::RekeyChild, false},
                    Case{"Pfs", suite_of("AES128", "SHA1", "ECP256", "AES256", "SHA256", "ECP384"),
                         ike::Impact::RekeyChild, false},
                    Case{"IkeSuite", suite_of("AES256", "SHA384", "ECP384", "AES256", "SHA256", "None"),
                         ike::Impact::ReplaceIkeSa, false},
                    Case{"Everything", suite_of("AES256", "SHA384", "ECP384", "GCMAES128", "", "ECP256"),
                         ike::Impact::ReplaceIkeSa, false},
                    Case{"EspSuiteBothInitiate",
                         suite_of("AES128", "SHA1", "ECP256", "GCMAES256", "", "None"),
                         ike::Impact::RekeyChild, true},
                    Case{"EverythingBothInitiate",
                         suite_of("AES256", "SHA384", "ECP384", "GCMAES128", "", "ECP256"),
                         ike::Impact::ReplaceIkeSa, true}),
    [](const auto& test) { return test.param.name; });

TEST(KeyChange, OnBothSidesIsProvedByANewIkeSa) {
  Pair pair({});
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  auto before = pair.a.view().ike_sas[0].initiator_spi;
  for (Side side : {Side::A, Side::B}) {
    auto config = side == Side::A ? pair.config_a() : pair.config_b();
    config.shared_key = SecretBytes(as_bytes("a new key"));
    pair.apply(pair.side(side), std::move(config), ike::Impact::ReplaceIkeSa);
  }
  EXPECT_TRUE(pair.sim.run_until(
      [&] { return pair.both_up() && pair.a.view().ike_sas.back().initiator_spi != before; }, seconds(65)))
      << pair.sim.tail();
  pair.sim.settle(seconds(120));
  EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
}

// The old tunnel stands, but what was changed is not in force: said, and tried less and less often.
TEST(KeyChange, OnOneSideIsToldAndNotTriedEverySecond) {
  Pair pair({});
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  auto config = pair.config_a();
  config.shared_key = SecretBytes(as_bytes("a new key"));
  const size_t before = count_events<ike::NegotiationFinished>(pair.a);
  pair.apply(pair.a, std::move(config), ike::Impact::ReplaceIkeSa);
  pair.sim.run_for(seconds(120));
  EXPECT_TRUE(pair.both_up()) << pair.sim.tail();
  const size_t tried = count_events<ike::NegotiationFinished>(pair.a) - before;
  EXPECT_GE(tried, 4u);
  EXPECT_LE(tried, 24u) << "two exchanges an attempt, and back-off to 30 s";
  EXPECT_EQ(pair.a.view().reason, catalog::Reason::Established);
  EXPECT_THAT(pair.a.view().message,
              testing::HasSubstr("still up with what was negotiated before the last change"));
}

// The peer agreed, and a moment later the node could not install it: the old tunnel is all there is.
TEST(ReplacedIkeSa, StaysWhileTheNewOneHasNoChildSa) {
  for (bool a_refuses : {true, false}) {
    Pair pair({});
    ASSERT_TRUE(pair.establish()) << pair.sim.tail();
    const auto before = pair.a.view().ike_sas[0].initiator_spi;
    SimPeer& broken = a_refuses ? pair.a : pair.b;
    broken.plane.refuse_installs(true);
    const uint64_t messages = pair.sim.ike_messages();
    pair.apply(pair.a, pair.config_a(), ike::Impact::ReplaceIkeSa);
    for (int second = 0; second < 60; ++second) {
      pair.sim.run_for(seconds(1));
      ASSERT_TRUE(pair.both_up()) << "after " << second << " s\n" << pair.sim.tail();
    }
    EXPECT_EQ(pair.a.view().ike_sas.size(), 2u) << pair.sim.tail();
    EXPECT_LE(pair.sim.ike_messages() - messages, 60u * 8) << "tried about once a second\n"
                                                           << pair.sim.tail();
    broken.plane.refuse_installs(false);
    pair.sim.run_for(seconds(60));
    ASSERT_TRUE(pair.sim.settle(seconds(120))) << pair.sim.tail();
    for (SimPeer* peer : {&pair.a, &pair.b}) {
      ASSERT_EQ(peer->view().ike_sas.size(), 1u) << peer->name << pair.sim.tail();
      EXPECT_NE(peer->view().ike_sas[0].initiator_spi, before) << peer->name;
      EXPECT_EQ(peer->plane.pairs().size(), 1u) << peer->name << pair.sim.tail();
    }
    EXPECT_TRUE(pair.both_up());
  }
}

TEST(LifetimeChange, DoesNotDisturbTheTunnel) {
  Pair pair({});
  ASSERT_TRUE(pair.establish()) << pair.sim.tail();
  auto config = pair.config_a();
  config.dpd_timeout = seconds(30);
  pair.apply(pair.a, std::move(config), ike::Impact::None);
  pair.sim.run_for(seconds(20));
  EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
  EXPECT_THAT(pair.lost_packets(), IsEmpty()) << pair.sim.tail();
}

}  // namespace
}  // namespace hawser::sim
