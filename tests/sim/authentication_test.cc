#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/pair.h"

namespace hawser::sim {
namespace {

using catalog::Reason;
using std::chrono::seconds;
using testing::IsEmpty;

void expect_refused(Pair& pair) {
  pair.sim.run_for(seconds(120));
  EXPECT_FALSE(pair.a.up()) << pair.sim.tail();
  EXPECT_FALSE(pair.b.up()) << pair.sim.tail();
  EXPECT_TRUE(pair.a.plane.pairs().empty());
  EXPECT_TRUE(pair.b.plane.pairs().empty());
  EXPECT_THAT(pair.sim.violations(), IsEmpty()) << pair.sim.tail();
}

TEST(Authentication, AWrongKeyIsSaidOnBothSides) {
  Pair pair({});
  auto wrong = pair.config_b();
  wrong.shared_key = SecretBytes(as_bytes("another key"));
  pair.apply(pair.b, std::move(wrong));
  pair.apply(pair.a, pair.config_a());
  expect_refused(pair);
  EXPECT_EQ(pair.a.view().reason, Reason::AuthenticationFailed);
  EXPECT_EQ(pair.b.view().reason, Reason::AuthenticationFailed);
  ASSERT_NE(last_failure(pair.a), nullptr);
  EXPECT_EQ(last_failure(pair.a)->role, sa::Role::Initiator);
  EXPECT_EQ(last_failure(pair.a)->exchange, wire::ExchangeType::IkeAuth);
  EXPECT_EQ(last_failure(pair.a)->notify, "AUTHENTICATION_FAILED");
  ASSERT_NE(last_failure(pair.b), nullptr);
  EXPECT_EQ(last_failure(pair.b)->role, sa::Role::Responder);
}

TEST(Authentication, TheRightKeyOnBothSidesHealsIt) {
  Pair pair({});
  auto wrong = pair.config_b();
  wrong.shared_key = SecretBytes(as_bytes("another key"));
  pair.apply(pair.b, std::move(wrong));
  pair.apply(pair.a, pair.config_a());
  pair.sim.run_for(seconds(60));
  pair.apply(pair.b, pair.config_b(), ike::Impact::ReplaceIkeSa);
  EXPECT_TRUE(pair.sim.run_until([&] { return pair.both_up(); }, seconds(35))) << pair.sim.tail();
  pair.sim.settle(seconds(60));
  EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
}

TEST(Authentication, TheResponderRefusesAnIdentityItDoesNotExpect) {
  Pair pair({});
  auto picky = pair.config_b();
  picky.remote_identity = ike::Identity::parse("gateway.example");
  pair.apply(pair.b, std::move(picky));
  pair.apply(pair.a, pair.config_a());
  expect_refused(pair);
  EXPECT_EQ(pair.b.view().reason, Reason::PeerIdentityMismatch);
  EXPECT_EQ(pair.a.view().reason, Reason::AuthenticationFailed) << "the peer is told no more than that";
}

TEST(Authentication, TheInitiatorRefusesAnIdentityItDoesNotExpect) {
  Pair pair({});
  auto picky = pair.config_a();
  picky.remote_identity = ike::Identity::parse("gateway.example");
  pair.apply(pair.b, pair.config_b());
  pair.apply(pair.a, std::move(picky));
  expect_refused(pair);
  EXPECT_EQ(pair.a.view().reason, Reason::PeerIdentityMismatch);
}

TEST(Authentication, ConfiguredIdentitiesOfEachKindAreAccepted) {
  for (const char* identity : {"gateway.example", "admin@gateway.example", "10.9.8.7", "2001:db8::7"}) {
    Pair pair({});
    auto config_a = pair.config_a();
    auto config_b = pair.config_b();
    config_a.local_identity = ike::Identity::parse(identity);
    config_b.remote_identity = ike::Identity::parse(identity);
    pair.apply(pair.b, std::move(config_b));
    pair.apply(pair.a, std::move(config_a));
    EXPECT_TRUE(pair.sim.run_until([&] { return pair.both_up(); }, seconds(10)))
        << identity << pair.sim.tail();
    EXPECT_THAT(pair.at_rest(), IsEmpty()) << pair.sim.tail();
  }
}

}  // namespace
}  // namespace hawser::sim
