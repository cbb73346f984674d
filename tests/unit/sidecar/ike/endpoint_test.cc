#include "sidecar/ike/endpoint.h"

#include <algorithm>

#include "tests/unit/sidecar/ike/pair.h"

namespace hawser::ike {
namespace {

using namespace std::chrono_literals;
using catalog::Reason;

template <typename T>
size_t count(const std::vector<Event>& events) {
  return static_cast<size_t>(
      std::ranges::count_if(events, [](const auto& e) { return std::holds_alternative<T>(e); }));
}

bool was(const Side& side, Reason reason) {
  return std::ranges::any_of(side.events, [&](const auto& e) {
    const auto* change = std::get_if<StateChanged>(&e);
    return change != nullptr && change->reason == reason;
  });
}

TEST(Endpoint, two_exchanges_make_a_tunnel) {
  Pair pair;
  pair.apply_left_initiates();
  EXPECT_EQ(pair.right.view().reason, Reason::WaitingForPeer);
  pair.run(1s);
  pair.expect_one_tunnel();
  EXPECT_EQ(pair.sent, 4);
  EXPECT_EQ(count<HandshakeCompleted>(pair.left.events), 1u);
  EXPECT_EQ(pair.left.view().ike_sas[0].nat, Nat::None);
  EXPECT_EQ(pair.left.installed.begin()->second.encapsulation, sa::Encapsulation::None);
}

TEST(Endpoint, crossed_first_contact_ends_with_one_of_each) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Pair pair(seed);
    pair.apply_both();
    pair.run(30s);
    pair.expect_one_tunnel();
    if (::testing::Test::HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST(Endpoint, a_child_rekey_from_either_side_keeps_the_tunnel) {
  for (auto side : {&Pair::left, &Pair::right}) {
    Pair pair;
    pair.apply_left_initiates();
    pair.run(2s);
    const auto before = (pair.*side).sends_on;
    ASSERT_TRUE((pair.*side).endpoint->rekey_child(pair.now, (pair.*side).view().name));
    pair.drain(pair.*side);
    pair.run(20s);
    pair.expect_one_tunnel();
    EXPECT_NE((pair.*side).sends_on, before);
    EXPECT_EQ((pair.*side).view().child_sas[0].exchanged_group, catalog::find_group("ECP384"));
  }
}

TEST(Endpoint, an_ike_rekey_from_either_side_keeps_the_child) {
  for (auto side : {&Pair::left, &Pair::right}) {
    Pair pair;
    pair.apply_left_initiates();
    pair.run(2s);
    const auto before = (pair.*side).sends_on;
    const auto spi = pair.left.view().ike_sas[0].initiator_spi;
    ASSERT_TRUE((pair.*side).endpoint->rekey_ike(pair.now, (pair.*side).view().name));
    pair.drain(pair.*side);
    pair.run(60s);
    pair.expect_one_tunnel();
    EXPECT_EQ((pair.*side).sends_on, before);
    EXPECT_NE(pair.left.view().ike_sas[0].initiator_spi, spi);
    EXPECT_EQ((pair.*side).view().ike_sas[0].role, sa::Role::Initiator);
  }
}

TEST(Endpoint, a_replaced_ike_sa_goes_a_second_after_the_new_one_stands) {
  Pair pair;
  pair.apply_left_initiates();
  pair.run(2s);
  pair.apply(pair.left, Pair::peer(pair.left, pair.right), Impact::ReplaceIkeSa);
  pair.run(900ms);
  // Both still receive what the other has sent on the old pair.
  for (auto* side : {&pair.left, &pair.right}) EXPECT_EQ(side->view().ike_sas.size(), 2u) << side->name;
  for (auto* side : {&pair.left, &pair.right}) EXPECT_EQ(side->installed.size(), 2u) << side->name;
  pair.expect_connected();
  pair.run(300ms);
  for (auto* side : {&pair.left, &pair.right}) EXPECT_EQ(side->view().ike_sas.size(), 1u) << side->name;
  pair.run(10s);
  pair.expect_one_tunnel();
}

TEST(Endpoint, a_silent_peer_is_declared_dead_after_the_dpd_timeout) {
  Pair pair;
  pair.apply_left_initiates();
  pair.run(1s);
  pair.run(100s);
  pair.expect_one_tunnel();
  pair.lose = [](const Side&, const Datagram&) { return true; };
  pair.run(29s);
  EXPECT_EQ(pair.left.view().reason, Reason::Established);
  pair.run(17s);
  for (auto* side : {&pair.left, &pair.right}) {
    EXPECT_TRUE(side->installed.empty());
    EXPECT_TRUE(was(*side, Reason::LivenessTimeout)) << side->name;
  }
  pair.run(10s);
  EXPECT_EQ(pair.left.view().reason, Reason::PeerUnreachable);
  EXPECT_EQ(pair.right.view().reason, Reason::LivenessTimeout);
  pair.lose = {};
  pair.run(35s);
  pair.expect_one_tunnel();
}

TEST(Endpoint, shutdown_tells_the_peer) {
  Pair pair;
  pair.apply_left_initiates();
  pair.run(1s);
  pair.left.endpoint->shutdown(pair.now);
  pair.drain(pair.left);
  EXPECT_FALSE(pair.left.endpoint->idle());
  pair.run(100ms);
  EXPECT_TRUE(pair.left.endpoint->idle());
  EXPECT_EQ(pair.right.view().reason, Reason::PeerDeleted);
  EXPECT_TRUE(pair.right.installed.empty());
}

}  // namespace
}  // namespace hawser::ike
