#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/pair.h"

// A policy that differs in one of its six attributes is refused, and status says which (contracts, section
// 4).
namespace hawser::sim {
namespace {

using catalog::Reason;
using std::chrono::seconds;
using testing::IsEmpty;

struct Case {
  const char* attribute;
  Suite other;  // of the side that does not report
  const char* ours;
  const char* theirs;
  Reason reason;
};

const Suite kBase = suite_of("AES256", "SHA256", "ECP256", "AES256", "SHA256", "ECP256");

std::vector<Case> cases() {
  return {
      {"ikeEncryption", suite_of("AES128", "SHA256", "ECP256", "AES256", "SHA256", "ECP256"), "AES256",
       "AES128", Reason::IkeProposalMismatch},
      {"ikeIntegrity", suite_of("AES256", "SHA1", "ECP256", "AES256", "SHA256", "ECP256"), "SHA256", "SHA1",
       Reason::IkeProposalMismatch},
      {"dhGroup", suite_of("AES256", "SHA256", "DHGroup14", "AES256", "SHA256", "ECP256"), "ECP256",
       "DHGroup14", Reason::IkeProposalMismatch},
      {"ipsecEncryption", suite_of("AES256", "SHA256", "ECP256", "DES3", "SHA256", "ECP256"), "AES256",
       "DES3", Reason::ChildProposalMismatch},
      {"ipsecIntegrity", suite_of("AES256", "SHA256", "ECP256", "AES256", "MD5", "ECP256"), "SHA256", "MD5",
       Reason::ChildProposalMismatch},
  };
}

class Mismatch : public testing::TestWithParam<Case> {};

// A of the base suite against B of the other, or the other way round.
void start(Pair& pair, const Suite& a, const Suite& b) {
  auto config_a = pair.config_a();
  auto config_b = pair.config_b();
  config_a.ike_suite = a.ike;
  config_a.child_suite = a.child;
  config_b.ike_suite = b.ike;
  config_b.child_suite = b.child;
  pair.apply(pair.b, std::move(config_b));
  pair.apply(pair.a, std::move(config_a));
}

TEST_P(Mismatch, TheResponderNamesBothValues) {
  Pair pair({});
  start(pair, GetParam().other, kBase);
  pair.sim.run_for(seconds(60));
  EXPECT_FALSE(pair.b.up()) << pair.sim.tail();
  EXPECT_TRUE(pair.b.plane.pairs().empty());
  auto failure = pair.b.view().last_failure;
  ASSERT_TRUE(failure) << pair.sim.tail();
  EXPECT_EQ(failure->attribute, GetParam().attribute);
  EXPECT_EQ(failure->offered, GetParam().ours);
  EXPECT_EQ(failure->peer_offered, GetParam().theirs);
  EXPECT_EQ(failure->reason, GetParam().reason);
  EXPECT_EQ(failure->role, sa::Role::Responder);
  EXPECT_EQ(pair.b.view().reason, GetParam().reason) << pair.b.view().message;
  EXPECT_THAT(pair.sim.violations(), IsEmpty()) << pair.sim.tail();
}

TEST_P(Mismatch, TheInitiatorKnowsOnlyItsOwn) {
  Pair pair({});
  start(pair, kBase, GetParam().other);
  // Before the peer has asked for anything itself.
  pair.sim.run_for(seconds(4));
  EXPECT_FALSE(pair.a.up()) << pair.sim.tail();
  auto failure = pair.a.view().last_failure;
  ASSERT_TRUE(failure) << pair.sim.tail();
  EXPECT_EQ(failure->reason, GetParam().reason);
  EXPECT_EQ(failure->role, sa::Role::Initiator);
  EXPECT_EQ(failure->notify, "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(failure->peer_offered, "unknown") << "never guessed\n" << pair.sim.tail();
  EXPECT_EQ(pair.a.view().reason, GetParam().reason) << pair.a.view().message;
}

TEST_P(Mismatch, TheInitiatorLearnsItFromThePeersOwnRequest) {
  Pair pair({});
  auto config_a = pair.config_a();
  auto config_b = pair.config_b();
  config_a.ike_suite = kBase.ike;
  config_a.child_suite = kBase.child;
  config_b.ike_suite = GetParam().other.ike;
  config_b.child_suite = GetParam().other.child;
  config_b.mode = ike::Mode::Default;
  pair.apply(pair.a, std::move(config_a));
  pair.sim.run_for(seconds(2));
  pair.apply(pair.b, std::move(config_b));
  pair.sim.run_for(seconds(90));
  std::optional<ike::Failure> as_initiator;
  for (const auto& event : pair.a.events)
    if (const auto* finished = std::get_if<ike::NegotiationFinished>(&event))
      if (finished->failure && finished->failure->role == sa::Role::Initiator)
        as_initiator = finished->failure;
  ASSERT_TRUE(as_initiator) << pair.sim.tail();
  EXPECT_EQ(as_initiator->attribute, GetParam().attribute);
  EXPECT_EQ(as_initiator->offered, GetParam().ours);
  EXPECT_EQ(as_initiator->peer_offered, GetParam().theirs);
}

TEST_P(Mismatch, TheSamePolicyHealsIt) {
  Pair pair({});
  start(pair, kBase, GetParam().other);
  pair.sim.run_for(seconds(60));
  auto config_b = pair.config_b();
  config_b.ike_suite = kBase.ike;
  config_b.child_suite = kBase.child;
  pair.apply(pair.b, std::move(config_b), ike::Impact::ReplaceIkeSa);
  EXPECT_TRUE(pair.sim.run_until([&] { return pair.both_up(); }, seconds(65))) << pair.sim.tail();
  pair.sim.settle(seconds(60));
  EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
}

INSTANTIATE_TEST_SUITE_P(EachAttribute, Mismatch, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.attribute; });

struct PfsCase {
  const char* name;
  const char* a;
  const char* b;
};
class PfsMismatch : public testing::TestWithParam<PfsCase> {};

// The first Child SA never has PFS, so this shows at the first rekey (RFC 7296 1.2).
TEST_P(PfsMismatch, ShowsAtTheFirstRekeyAndTheTunnelStaysUp) {
  Pair pair({});
  Suite suite_a = suite_of("AES256", "SHA256", "ECP256", "AES256", "SHA256", GetParam().a);
  Suite suite_b = suite_of("AES256", "SHA256", "ECP256", "AES256", "SHA256", GetParam().b);
  start(pair, suite_a, suite_b);
  ASSERT_TRUE(pair.sim.run_until([&] { return pair.both_up(); }, seconds(10))) << pair.sim.tail();
  pair.sim.run_for(seconds(1));
  pair.mark_traffic();
  ASSERT_TRUE(pair.sim.act(
      pair.a, [&](ike::Endpoint& e) { return e.rekey_child(pair.sim.now(), pair.a.connection); }));
  pair.sim.run_for(seconds(3));
  auto responder = pair.b.view().last_failure;
  ASSERT_TRUE(responder) << pair.sim.tail();
  EXPECT_EQ(responder->attribute, "pfsGroup");
  EXPECT_EQ(responder->offered, GetParam().b);
  EXPECT_EQ(responder->peer_offered, GetParam().a);
  EXPECT_EQ(responder->reason, Reason::PfsMismatch);
  auto initiator = pair.a.view().last_failure;
  ASSERT_TRUE(initiator) << pair.sim.tail();
  EXPECT_EQ(initiator->attribute, "pfsGroup");
  EXPECT_EQ(initiator->offered, GetParam().a);
  EXPECT_EQ(initiator->reason, Reason::PfsMismatch);
  EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
  EXPECT_THAT(pair.lost_packets(), IsEmpty()) << pair.sim.tail();
}

INSTANTIATE_TEST_SUITE_P(Each, PfsMismatch,
                         testing::Values(PfsCase{"OtherGroup", "ECP384", "PFS2048"},
                                         PfsCase{"NoneAtTheInitiator", "None", "ECP256"},
                                         PfsCase{"NoneAtTheResponder", "ECP256", "None"}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace hawser::sim
