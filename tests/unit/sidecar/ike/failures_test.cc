#include <algorithm>

#include "tests/unit/sidecar/ike/pair.h"

namespace hawser::ike {
namespace {

using namespace std::chrono_literals;
using catalog::Reason;

bool was(const Side& side, Reason reason) {
  return std::ranges::any_of(side.events, [&](const auto& e) {
    const auto* change = std::get_if<StateChanged>(&e);
    return change != nullptr && change->reason == reason;
  });
}

struct Difference {
  const char* attribute;
  const char* ours;    // the responder's
  const char* theirs;  // the initiator's
  void (*change)(PeerConfig&);
};
void PrintTo(const Difference& d, std::ostream* out) { *out << d.attribute; }

class IkeDifference : public testing::TestWithParam<Difference> {};

// The left one initiates with the changed suite, the right one refuses it.
TEST_P(IkeDifference, is_named_by_the_responder_and_not_guessed_by_the_initiator) {
  Pair pair;
  auto left = Pair::peer(pair.left, pair.right), right = Pair::peer(pair.right, pair.left);
  GetParam().change(left);
  right.mode = Mode::ResponderOnly;
  pair.apply(pair.right, std::move(right));
  pair.apply(pair.left, std::move(left));
  pair.run(1s);
  const auto at_right = *pair.right.view().last_failure;
  EXPECT_EQ(at_right.reason, Reason::IkeProposalMismatch);
  EXPECT_EQ(at_right.attribute, GetParam().attribute);
  EXPECT_EQ(at_right.offered, GetParam().ours);
  EXPECT_EQ(at_right.peer_offered, GetParam().theirs);
  EXPECT_EQ(at_right.role, sa::Role::Responder);
  EXPECT_EQ(pair.right.view().reason, Reason::IkeProposalMismatch);
  const auto at_left = *pair.left.view().last_failure;
  EXPECT_EQ(at_left.notify, "NO_PROPOSAL_CHOSEN");
  EXPECT_EQ(at_left.attribute, "");
  EXPECT_EQ(at_left.peer_offered, "unknown");
  EXPECT_EQ(pair.left.view().reason, Reason::IkeProposalMismatch);
  // The peer becomes like us: the tunnel comes up by itself.
  auto fixed = Pair::peer(pair.left, pair.right);
  GetParam().change(fixed);
  auto same = Pair::peer(pair.right, pair.left);
  same.ike_suite = fixed.ike_suite;
  pair.run(120s);
  pair.apply(pair.right, std::move(same), Impact::ReplaceIkeSa);
  pair.run(35s);
  pair.expect_one_tunnel();
}

TEST_P(IkeDifference, is_told_to_the_initiator_by_the_peers_own_request) {
  Pair pair;
  auto left = Pair::peer(pair.left, pair.right);
  GetParam().change(left);
  pair.apply(pair.right, Pair::peer(pair.right, pair.left));
  pair.apply(pair.left, std::move(left));
  pair.run(20s);
  const auto failure = *pair.right.view().last_failure;
  EXPECT_EQ(failure.attribute, GetParam().attribute);
  EXPECT_EQ(failure.offered, GetParam().ours);
  EXPECT_EQ(failure.peer_offered, GetParam().theirs);
  const auto other = *pair.left.view().last_failure;
  EXPECT_EQ(other.attribute, GetParam().attribute);
  EXPECT_EQ(other.offered, GetParam().theirs);
  EXPECT_EQ(other.peer_offered, GetParam().ours);
}

INSTANTIATE_TEST_SUITE_P(All, IkeDifference,
                         testing::Values(Difference{"ikeEncryption", "AES256", "AES128",
                                                    [](PeerConfig& c) {
                                                      c.ike_suite.encryption =
                                                          catalog::find_ike_encryption("AES128");
                                                    }},
                                         Difference{"ikeIntegrity", "SHA384", "SHA1",
                                                    [](PeerConfig& c) {
                                                      c.ike_suite.integrity =
                                                          catalog::find_ike_integrity("SHA1");
                                                    }},
                                         Difference{"dhGroup", "ECP384", "DHGroup14", [](PeerConfig& c) {
                                                      c.ike_suite.group = catalog::find_group("DHGroup14");
                                                    }}));

class ChildDifference : public testing::TestWithParam<Difference> {};

TEST_P(ChildDifference, leaves_the_ike_sa_and_is_named) {
  Pair pair;
  auto left = Pair::peer(pair.left, pair.right), right = Pair::peer(pair.right, pair.left);
  GetParam().change(left);
  pair.apply(pair.right, [&] {
    right.mode = Mode::ResponderOnly;
    return std::move(right);
  }());
  pair.apply(pair.left, std::move(left));
  pair.run(1s);
  const auto failure = *pair.right.view().last_failure;
  EXPECT_EQ(failure.reason, Reason::ChildProposalMismatch);
  EXPECT_EQ(failure.attribute, GetParam().attribute);
  EXPECT_EQ(failure.offered, GetParam().ours);
  EXPECT_EQ(failure.peer_offered, GetParam().theirs);
  for (auto* side : {&pair.left, &pair.right}) {
    EXPECT_EQ(side->view().reason, Reason::ChildProposalMismatch) << side->name;
    EXPECT_EQ(side->view().ike_sas.size(), 1u);
    EXPECT_TRUE(side->installed.empty());
  }
  EXPECT_EQ(pair.left.view().last_failure->notify, "NO_PROPOSAL_CHOSEN");
  pair.run(60s);
  auto fixed = Pair::peer(pair.left, pair.right);
  pair.apply(pair.left, std::move(fixed), Impact::RekeyChild);
  pair.run(35s);
  pair.expect_one_tunnel();
}

INSTANTIATE_TEST_SUITE_P(All, ChildDifference,
                         testing::Values(Difference{"ipsecEncryption", "GCMAES256", "AES128",
                                                    [](PeerConfig& c) {
                                                      c.child_suite = child_suite("AES128", "SHA1", "ECP384");
                                                    }},
                                         Difference{"ipsecEncryption", "GCMAES256", "GCMAES128",
                                                    [](PeerConfig& c) {
                                                      c.child_suite = child_suite("GCMAES128", "", "ECP384");
                                                    }}));

TEST(Failures, child_integrity_is_named) {
  Pair pair;
  auto left = Pair::peer(pair.left, pair.right), right = Pair::peer(pair.right, pair.left);
  left.child_suite = child_suite("AES256", "SHA1", "None");
  right.child_suite = child_suite("AES256", "SHA256", "None");
  right.mode = Mode::ResponderOnly;
  pair.apply(pair.right, std::move(right));
  pair.apply(pair.left, std::move(left));
  pair.run(1s);
  EXPECT_EQ(pair.right.view().last_failure->attribute, "ipsecIntegrity");
  EXPECT_EQ(pair.right.view().last_failure->offered, "SHA256");
  EXPECT_EQ(pair.right.view().last_failure->peer_offered, "SHA1");
}

TEST(Failures, a_pfs_mismatch_shows_at_the_rekey_and_never_takes_the_tunnel_down) {
  struct Case {
    const char* left;
    const char* right;
  };
  for (const Case c : {Case{"ECP384", "PFS2048"}, Case{"None", "ECP256"}, Case{"PFS2048", "None"}}) {
    Pair pair;
    auto left = Pair::peer(pair.left, pair.right), right = Pair::peer(pair.right, pair.left);
    left.child_suite = child_suite("AES256", "SHA256", c.left);
    right.child_suite = child_suite("AES256", "SHA256", c.right);
    left.child_lifetime = right.child_lifetime = 300s;
    pair.apply(pair.right, std::move(right));
    pair.apply(pair.left, std::move(left));
    pair.run(10s);
    pair.expect_one_tunnel();
    for (int second = 0; second < 900; ++second) {
      pair.run(1s);
      pair.expect_connected();
      if (::testing::Test::HasFatalFailure()) FAIL() << c.left << " " << c.right << " at " << second;
    }
    for (auto [side, ours, theirs] :
         {std::tuple(&pair.left, c.left, c.right), std::tuple(&pair.right, c.right, c.left)}) {
      ASSERT_TRUE(side->view().last_failure) << side->name;
      EXPECT_EQ(side->view().last_failure->reason, Reason::PfsMismatch);
      EXPECT_EQ(side->view().last_failure->attribute, "pfsGroup");
      EXPECT_EQ(side->view().last_failure->offered, ours);
      const auto peer = side->view().last_failure->peer_offered;
      EXPECT_TRUE(peer == theirs || peer == "unknown") << peer;
      EXPECT_EQ(side->view().reason, Reason::Established);
    }
  }
}

TEST(Failures, a_wrong_key_is_told_by_both) {
  Pair pair;
  auto left = Pair::peer(pair.left, pair.right);
  left.shared_key = SecretBytes(as_bytes("wrong"));
  pair.apply(pair.left, std::move(left));
  pair.apply(pair.right, Pair::peer(pair.right, pair.left));
  pair.run(60s);
  for (auto* side : {&pair.left, &pair.right}) {
    EXPECT_EQ(side->view().reason, Reason::AuthenticationFailed) << side->name;
    EXPECT_TRUE(side->view().ike_sas.empty());
    EXPECT_TRUE(side->installed.empty());
  }
  pair.apply(pair.left, Pair::peer(pair.left, pair.right), Impact::ReplaceIkeSa);
  pair.run(35s);
  pair.expect_one_tunnel();
}

// Both ends initiate: as initiator and as responder a side reads the same fault in other words.
class OneFault : public testing::TestWithParam<void (*)(PeerConfig&)> {
 protected:
  OneFault() {
    auto left = Pair::peer(pair.left, pair.right);
    GetParam()(left);
    pair.apply(pair.left, std::move(left));
    pair.apply(pair.right, Pair::peer(pair.right, pair.left));
    pair.run(90s);
  }
  Pair pair;
};

TEST_P(OneFault, is_shown_in_one_wording_however_often_and_whoever_begins) {
  const auto of_left = *pair.left.view().last_failure, of_right = *pair.right.view().last_failure;
  pair.left.events.clear();
  pair.right.events.clear();
  pair.run(400s);
  for (auto [side, before] : {std::pair(&pair.left, of_left), std::pair(&pair.right, of_right)}) {
    size_t changes = 0, as_initiator = 0, as_responder = 0;
    for (const auto& event : side->events) {
      changes += std::holds_alternative<StateChanged>(event) ? 1 : 0;
      const auto* finished = std::get_if<NegotiationFinished>(&event);
      if (finished == nullptr || !finished->failure) continue;
      ++(finished->role == sa::Role::Initiator ? as_initiator : as_responder);
    }
    EXPECT_EQ(changes, 0u) << side->name;
    EXPECT_GT(as_initiator, 5u) << side->name << ": each is counted";
    EXPECT_GT(as_responder, 5u) << side->name;
    const auto after = *side->view().last_failure;
    EXPECT_EQ(after.message, before.message) << side->name;
    EXPECT_EQ(after.role, before.role) << side->name;
    EXPECT_GT(after.time, before.time) << side->name;
  }
}

TEST_P(OneFault, gives_way_to_another_at_once) {
  auto other = Pair::peer(pair.left, pair.right);
  other.ike_suite.integrity = catalog::find_ike_integrity("SHA1");
  pair.apply(pair.left, std::move(other), Impact::ReplaceIkeSa);
  pair.run(60s);
  EXPECT_EQ(pair.right.view().last_failure->attribute, "ikeIntegrity");
}

INSTANTIATE_TEST_SUITE_P(
    All, OneFault,
    testing::Values([](PeerConfig& c) { c.ike_suite.group = catalog::find_group("DHGroup14"); },
                    [](PeerConfig& c) { c.child_suite = child_suite("GCMAES128", "", "ECP384"); },
                    [](PeerConfig& c) { c.shared_key = SecretBytes(as_bytes("wrong")); }));

TEST(Failures, another_identity_than_asked_for_is_refused) {
  for (bool initiator_asks : {true, false}) {
    Pair pair;
    auto left = Pair::peer(pair.left, pair.right), right = Pair::peer(pair.right, pair.left);
    (initiator_asks ? left : right).remote_identity = Identity::parse("gateway.example.com");
    right.mode = Mode::ResponderOnly;
    pair.apply(pair.right, std::move(right));
    pair.apply(pair.left, std::move(left));
    pair.run(2s);
    Side& asks = initiator_asks ? pair.left : pair.right;
    Side& other = initiator_asks ? pair.right : pair.left;
    EXPECT_EQ(asks.view().last_failure->reason, Reason::PeerIdentityMismatch);
    EXPECT_EQ(asks.view().last_failure->offered, "gateway.example.com");
    EXPECT_EQ(asks.view().last_failure->peer_offered, other.address.to_string());
    EXPECT_EQ(other.view().last_failure->reason, Reason::AuthenticationFailed);
    EXPECT_TRUE(pair.left.installed.empty() && pair.right.installed.empty());
  }
}

TEST(Failures, an_absent_peer_is_unreachable_and_found_within_35_seconds_of_its_appearance) {
  for (int later = 5; later < 200; later += 7) {
    Pair pair(static_cast<uint64_t>(later));
    pair.apply(pair.left, Pair::peer(pair.left, pair.right));
    pair.run(std::chrono::seconds(later));
    EXPECT_EQ(pair.left.view().reason, later > 10 ? Reason::PeerUnreachable : Reason::Connecting);
    auto right = Pair::peer(pair.right, pair.left);
    right.mode = Mode::ResponderOnly;
    pair.apply(pair.right, std::move(right));
    pair.run(35s);
    pair.expect_one_tunnel();
    EXPECT_TRUE(pair.left.view().last_failure.has_value() == (later > 10));
  }
}

TEST(Failures, a_peer_that_restarts_replaces_its_old_sas) {
  for (uint64_t seed = 1; seed < 20; ++seed) {
    Pair pair(seed), other(seed + 100);
    pair.apply_both();
    pair.run(20s);
    pair.right.endpoint = nullptr;  // dies without a word
    pair.right.installed.clear();
    pair.right.endpoint = std::make_unique<Endpoint>(EndpointConfig{}, *other.right.context,
                                                     *other.right.random, *other.right.jitter);
    pair.apply(pair.right, Pair::peer(pair.right, pair.left));
    pair.run(3s);
    pair.expect_one_tunnel();
  }
}

TEST(Failures, a_new_policy_on_both_sides_makes_before_it_breaks) {
  Pair pair;
  pair.apply_both();
  pair.run(40s);
  for (auto [self, other] : {std::pair(&pair.left, &pair.right), std::pair(&pair.right, &pair.left)}) {
    auto config = Pair::peer(*self, *other);
    config.ike_suite = ike_suite("AES128", "SHA1", "DHGroup14");
    config.child_suite = child_suite("AES256", "SHA256", "None");
    pair.apply(*self, std::move(config), Impact::ReplaceIkeSa);
    for (int i = 0; i < 50; ++i) {
      pair.run(100ms);
      pair.expect_connected();
    }
  }
  pair.run(60s);
  pair.expect_one_tunnel();
  for (auto* side : {&pair.left, &pair.right}) {
    EXPECT_EQ(side->view().ike_sas[0].suite, ike_suite("AES128", "SHA1", "DHGroup14"));
    EXPECT_EQ(side->view().child_sas[0].suite, child_suite("AES256", "SHA256", "None"));
  }
}

TEST(Failures, a_new_child_policy_is_rekeyed_in) {
  Pair pair;
  pair.apply_both();
  pair.run(40s);
  for (auto [self, other] : {std::pair(&pair.left, &pair.right), std::pair(&pair.right, &pair.left)}) {
    auto config = Pair::peer(*self, *other);
    config.child_suite = child_suite("AES256", "SHA256", "PFS2048");
    pair.apply(*self, std::move(config), Impact::RekeyChild);
  }
  pair.run(40s);
  pair.expect_one_tunnel();
  for (auto* side : {&pair.left, &pair.right}) {
    EXPECT_EQ(side->view().child_sas[0].suite, child_suite("AES256", "SHA256", "PFS2048"));
    EXPECT_FALSE(was(*side, Reason::PeerDeleted));
  }
}

TEST(Failures, a_removed_connection_is_told_to_the_peer) {
  Pair pair;
  pair.apply_left_initiates();
  pair.run(2s);
  pair.left.endpoint->remove(pair.now, pair.left.view().name);
  pair.drain(pair.left);
  EXPECT_TRUE(pair.left.installed.empty());
  EXPECT_FALSE(pair.left.endpoint->next_timeout());
  pair.run(1s);
  EXPECT_EQ(pair.right.view().reason, Reason::PeerDeleted);
  pair.apply(pair.left, Pair::peer(pair.left, pair.right));
  pair.run(1s);
  pair.expect_one_tunnel();
}

TEST(Failures, a_refused_install_is_negotiated_anew) {
  Pair pair;
  pair.apply_left_initiates();
  pair.run(2s);
  const auto spi = pair.left.sends_on;
  pair.event(pair.left, sa::InstallFailed{spi, "no memory"});
  pair.run(35s);
  pair.expect_one_tunnel();
  EXPECT_NE(pair.left.sends_on, spi);
}

}  // namespace
}  // namespace hawser::ike
