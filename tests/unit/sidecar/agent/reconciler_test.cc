#include "sidecar/agent/reconciler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/common/spec/good_spec.h"
#include "tests/unit/sidecar/agent/world.h"

namespace hawser::agent {
namespace {

using catalog::Reason;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

v1::ConnectionSpec spec_to(const std::string& remote) {
  auto spec = spec::good_spec();
  spec.clear_local_address();
  spec.set_remote_address(remote);
  return spec;
}

class ReconcilerTest : public ::testing::Test {
 protected:
  static v1::DesiredState::Entry entry(const std::string& name, v1::ConnectionSpec spec) {
    v1::DesiredState::Entry out;
    out.set_namespace_("default");
    out.set_name(name);
    out.set_uid("uid-" + name);
    *out.mutable_spec() = std::move(spec);
    // A remote prefix belongs to one connection.
    if (name != "a") out.mutable_spec()->set_remote_prefixes(0, "10.71.0.0/16");
    if (name != "a") out.mutable_spec()->set_remote_prefixes(1, "10.72.0.0/16");
    return out;
  }
  static v1::DesiredState::Entry hold(const std::string& name) {
    v1::DesiredState::Entry out;
    out.set_namespace_("default");
    out.set_name(name);
    out.mutable_hold();
    return out;
  }
  v1::Ack apply(std::vector<v1::DesiredState::Entry> entries) {
    v1::DesiredState desired;
    desired.set_generation(++generation);
    for (auto& one : entries) *desired.add_entries() = std::move(one);
    return node.apply(now, std::move(desired));
  }
  std::vector<IpAddress> destinations() const {
    std::vector<IpAddress> out;
    for (const auto& datagram : node.sent) out.push_back(datagram.remote.address);
    return out;
  }
  std::string carried(const std::string& name) const {
    const auto* tunnel = node.plane.tunnel("default/" + name);
    return tunnel == nullptr ? "nothing" : tunnel->remote_prefixes[0].to_string();
  }
  void forget() {
    node.sent.clear();
    node.plane.clear_calls();
  }

  TimePoint now{std::chrono::hours(1)};
  uint64_t generation = 0;
  Node node{1, "203.0.113.1"};
};

TEST_F(ReconcilerTest, AddsAConnectionAndInitiates) {
  auto ack = apply({entry("a", spec_to("198.51.100.2"))});
  ASSERT_EQ(ack.entries_size(), 1);
  EXPECT_EQ(ack.generation(), 1U);
  EXPECT_EQ(ack.entries(0).code(), "OK");
  EXPECT_EQ(ack.entries(0).name(), "a");
  EXPECT_EQ(node.programmed("default/a").reason, Reason::Programmed);
  ASSERT_NE(node.plane.tunnel("default/a"), nullptr);
  EXPECT_EQ(node.plane.tunnel("default/a")->remote_prefixes.size(), 2U);
  ASSERT_EQ(node.sent.size(), 1U);
  EXPECT_EQ(node.sent[0].remote, (SocketAddress{address("198.51.100.2"), 500}));
  EXPECT_EQ(node.sent[0].local.address, address("203.0.113.1"));
  ASSERT_EQ(node.reconciler.held().size(), 1U);
  EXPECT_EQ(node.reconciler.held()[0].uid(), "uid-a");
}

TEST_F(ReconcilerTest, TheSameStateAgainDoesNothing) {
  apply({entry("a", spec_to("198.51.100.2"))});
  forget();
  auto ack = apply({entry("a", spec_to("198.51.100.2"))});
  EXPECT_EQ(ack.entries(0).code(), "OK");
  EXPECT_THAT(node.plane.calls(), IsEmpty());
  EXPECT_THAT(node.sent, IsEmpty());
}

TEST_F(ReconcilerTest, KeysAreWipedFromTheState) {
  v1::DesiredState desired;
  *desired.add_entries() = entry("a", spec_to("198.51.100.2"));
  node.reconciler.apply(now, desired);
  EXPECT_EQ(desired.entries(0).spec().shared_key(), "");
  EXPECT_EQ(node.reconciler.configured()[0].spec.shared_key(), "");
}

TEST_F(ReconcilerTest, ABadEntryDisturbsNobodyAndKeepsItsPreviousSpec) {
  apply({entry("a", spec_to("198.51.100.2")), entry("b", spec_to("198.51.100.3"))});
  forget();
  auto bad = spec_to("198.51.100.2");
  bad.mutable_policy()->set_dh_group("DHGroup99");
  auto longer = spec_to("198.51.100.3");
  longer.add_remote_prefixes("10.63.0.0/16");
  auto ack = apply({entry("a", bad), entry("b", longer)});
  EXPECT_EQ(ack.entries(0).code(), "INVALID_ARGUMENT");
  EXPECT_EQ(ack.entries(0).field_path(), "policy.dh_group");
  EXPECT_THAT(ack.entries(0).message(), HasSubstr("'DHGroup99'"));
  EXPECT_EQ(ack.entries(1).code(), "OK");
  EXPECT_EQ(node.programmed("default/a").reason, Reason::SidecarRejected);
  EXPECT_EQ(node.plane.calls(), std::vector<std::string>{"configure default/b"});
  EXPECT_THAT(node.sent, IsEmpty());
  EXPECT_NE(node.plane.tunnel("default/a"), nullptr);
  EXPECT_EQ(node.reconciler.held().size(), 2U);

  // Mended: what is in force already is what is wanted.
  apply({entry("a", spec_to("198.51.100.2")), entry("b", longer)});
  EXPECT_EQ(node.programmed("default/a").reason, Reason::Programmed);
  EXPECT_THAT(node.sent, IsEmpty());
}

TEST_F(ReconcilerTest, ABadEntryThatIsNewIsShownAndNotProgrammed) {
  auto bad = spec_to("198.51.100.2");
  bad.clear_shared_key();
  apply({entry("a", bad)});
  EXPECT_EQ(node.programmed("default/a").reason, Reason::SidecarRejected);
  EXPECT_EQ(node.plane.tunnel("default/a"), nullptr);
  EXPECT_THAT(node.sent, IsEmpty());
  EXPECT_THAT(node.reconciler.held(), IsEmpty());
}

TEST_F(ReconcilerTest, ADataPlaneThatIsNotThereIsUnsupported) {
  auto kernel = spec_to("198.51.100.2");
  kernel.set_data_plane(v1::DATA_PLANE_KIND_KERNEL);
  auto ack = apply({entry("a", kernel)});
  EXPECT_EQ(ack.entries(0).code(), "UNSUPPORTED");
  EXPECT_EQ(ack.entries(0).field_path(), "data_plane");
  EXPECT_THAT(ack.entries(0).message(), HasSubstr("UserSpace"));
}

TEST_F(ReconcilerTest, NamesThatKubernetesWouldNotAllowAreRefused) {
  auto evil = entry("a", spec_to("198.51.100.2"));
  evil.set_name("a\nb");
  auto nothing = entry("b", spec_to("198.51.100.3"));
  nothing.clear_want();
  auto ack = apply({evil, nothing});
  EXPECT_EQ(ack.entries(0).code(), "INVALID_ARGUMENT");
  EXPECT_EQ(ack.entries(1).code(), "INVALID_ARGUMENT");
  EXPECT_EQ(node.reconciler.configured().size(), 1U);  // the second has a name to be shown by
}

TEST_F(ReconcilerTest, AConnectionListedTwiceKeepsTheFirst) {
  auto ack = apply({entry("a", spec_to("198.51.100.2")), entry("a", spec_to("198.51.100.3"))});
  EXPECT_EQ(ack.entries(0).code(), "OK");
  EXPECT_EQ(ack.entries(1).code(), "INVALID_ARGUMENT");
  EXPECT_EQ(destinations(), std::vector{address("198.51.100.2")});
}

TEST_F(ReconcilerTest, HoldKeepsWhatIsThere) {
  apply({entry("a", spec_to("198.51.100.2"))});
  forget();
  auto ack = apply({hold("a"), hold("never-seen")});
  EXPECT_EQ(ack.entries(0).code(), "OK");
  EXPECT_EQ(ack.entries(1).code(), "OK");
  EXPECT_THAT(node.plane.calls(), IsEmpty());
  EXPECT_EQ(node.reconciler.held().size(), 1U);
}

TEST_F(ReconcilerTest, WhatIsAbsentIsRemovedWithItsFailClosedRoutes) {
  apply({entry("a", spec_to("198.51.100.2")), entry("b", spec_to("198.51.100.3"))});
  EXPECT_THAT(node.plane.fail_closed(), Contains("default/a"));
  apply({entry("b", spec_to("198.51.100.3"))});
  EXPECT_EQ(node.plane.tunnel("default/a"), nullptr);
  EXPECT_THAT(node.plane.fail_closed(), Not(Contains("default/a")));
  EXPECT_EQ(node.engine.snapshot().size(), 1U);
  EXPECT_FALSE(node.ledger.tallies().contains("default/a"));
}

TEST_F(ReconcilerTest, OnePeerAddressBelongsToOneConnection) {
  apply({entry("b", spec_to("198.51.100.2"))});
  forget();
  // "a" comes first in the list, but "b" has the address already.
  auto ack = apply({entry("a", spec_to("198.51.100.2")), entry("b", spec_to("198.51.100.2"))});
  EXPECT_EQ(ack.entries(0).code(), "INVALID_ARGUMENT");
  EXPECT_EQ(ack.entries(0).field_path(), "remote_address");
  EXPECT_THAT(ack.entries(0).message(), HasSubstr("default/b"));
  EXPECT_EQ(ack.entries(1).code(), "OK");
  EXPECT_THAT(node.sent, IsEmpty());
}

TEST_F(ReconcilerTest, TwoConnectionsCanSwapTheirPeers) {
  apply({entry("a", spec_to("198.51.100.2")), entry("b", spec_to("198.51.100.3"))});
  forget();
  auto ack = apply({entry("a", spec_to("198.51.100.3")), entry("b", spec_to("198.51.100.2"))});
  EXPECT_EQ(ack.entries(0).code(), "OK");
  EXPECT_EQ(ack.entries(1).code(), "OK");
  EXPECT_EQ(node.programmed("default/a").reason, Reason::Programmed);
  EXPECT_EQ(node.programmed("default/b").reason, Reason::Programmed);
  EXPECT_THAT(destinations(),
              ::testing::UnorderedElementsAre(address("198.51.100.2"), address("198.51.100.3")));
}

TEST_F(ReconcilerTest, APrefixCanMoveToTheConnectionThatIsConfiguredFirst) {
  auto more = spec_to("198.51.100.3");
  more.add_remote_prefixes("10.99.0.0/16");
  apply({entry("a", spec_to("198.51.100.2")), entry("b", more)});
  auto taker = spec_to("198.51.100.2");
  taker.add_remote_prefixes("10.99.0.0/16");
  auto ack = apply({entry("a", taker), entry("b", spec_to("198.51.100.3"))});
  EXPECT_EQ(ack.entries(0).code(), "OK") << ack.entries(0).message();
  EXPECT_EQ(node.plane.tunnel("default/a")->remote_prefixes.size(), 3U);
}

TEST_F(ReconcilerTest, TwoConnectionsCanSwapTheirPrefixesAndNothingIsOpenMeanwhile) {
  apply({entry("a", spec_to("198.51.100.2")), entry("b", spec_to("198.51.100.3"))});
  forget();
  auto a = entry("a", spec_to("198.51.100.2")), b = entry("b", spec_to("198.51.100.3"));
  a.mutable_spec()->mutable_remote_prefixes()->Swap(b.mutable_spec()->mutable_remote_prefixes());
  auto ack = apply({a, b});
  EXPECT_EQ(ack.entries(0).code(), "OK") << ack.entries(0).message();
  EXPECT_EQ(ack.entries(1).code(), "OK") << ack.entries(1).message();
  EXPECT_EQ(carried("a"), "10.71.0.0/16");
  EXPECT_EQ(carried("b"), "10.61.0.0/16");
  EXPECT_EQ(node.plane.fail_closed_removals(), 0U);
  // Their SAs went with the interfaces, so they are negotiated anew.
  EXPECT_THAT(destinations(),
              ::testing::UnorderedElementsAre(address("198.51.100.2"), address("198.51.100.3")));
  forget();
  node.reconciler.refresh(now);
  EXPECT_THAT(node.plane.calls(), IsEmpty());
}

TEST_F(ReconcilerTest, PrefixesCanGoRoundThreeConnections) {
  const auto with = [](const std::string& name, int site) {
    auto out = entry(name, spec_to("198.51.100." + std::to_string(name[0])));
    out.mutable_spec()->clear_remote_prefixes();
    out.mutable_spec()->add_remote_prefixes("10." + std::to_string(site) + ".0.0/16");
    return out;
  };
  apply({with("a", 61), with("b", 62), with("c", 63), with("d", 64)});
  forget();
  auto d = with("d", 64);
  d.mutable_spec()->add_remote_prefixes("10.65.0.0/16");
  apply({with("a", 62), with("b", 63), with("c", 61), d});
  EXPECT_EQ(carried("a"), "10.62.0.0/16");
  EXPECT_EQ(carried("b"), "10.63.0.0/16");
  EXPECT_EQ(carried("c"), "10.61.0.0/16");
  EXPECT_EQ(node.plane.fail_closed_removals(), 0U);
  EXPECT_THAT(node.plane.calls(), Not(Contains("unconfigure default/d")));
}

TEST_F(ReconcilerTest, ASwapThatWouldFailAnywayTakesNothingDown) {
  const auto c = [] {
    auto out = entry("c", spec_to("198.51.100.4"));
    out.mutable_spec()->clear_remote_prefixes();
    out.mutable_spec()->add_remote_prefixes("10.81.0.0/16");
    return out;
  };
  apply({entry("a", spec_to("198.51.100.2")), entry("b", spec_to("198.51.100.3")), c()});
  forget();
  auto a = entry("a", spec_to("198.51.100.2")), b = entry("b", spec_to("198.51.100.3"));
  a.mutable_spec()->mutable_remote_prefixes()->Swap(b.mutable_spec()->mutable_remote_prefixes());
  b.mutable_spec()->add_remote_prefixes("10.81.7.0/24");  // "c" keeps this
  auto ack = apply({a, b, c()});
  node.reconciler.refresh(now);
  EXPECT_EQ(ack.entries(0).code(), "INTERNAL");
  EXPECT_EQ(ack.entries(1).code(), "INTERNAL");
  EXPECT_EQ(ack.entries(2).code(), "OK");
  EXPECT_EQ(carried("a"), "10.61.0.0/16");
  EXPECT_EQ(carried("b"), "10.71.0.0/16");
  EXPECT_THAT(node.plane.calls(), Not(Contains(HasSubstr("unconfigure"))));
  EXPECT_THAT(node.sent, IsEmpty());
}

TEST_F(ReconcilerTest, OfTwoThatOverlapTheFirstInTheStateIsTakenOver) {
  auto inside = entry("b", spec_to("198.51.100.3"));
  inside.mutable_spec()->set_remote_prefixes(0, "10.61.7.0/24");
  const auto around = entry("a", spec_to("198.51.100.2"));
  auto ack = apply({inside, around});
  EXPECT_EQ(ack.entries(0).code(), "OK") << ack.entries(0).message();
  EXPECT_EQ(ack.entries(1).code(), "INTERNAL");
  // The order decides only between those that come at once: who carries a prefix keeps it.
  ack = apply({around, inside});
  EXPECT_EQ(ack.entries(0).code(), "INTERNAL");
  EXPECT_EQ(ack.entries(1).code(), "OK");
}

TEST_F(ReconcilerTest, WithoutARouteItIsPendingUntilThereIsOne) {
  node.sources.route.reset();
  auto ack = apply({entry("a", spec_to("198.51.100.2"))});
  EXPECT_EQ(ack.entries(0).code(), "OK");
  EXPECT_EQ(node.programmed("default/a").reason, Reason::Pending);
  EXPECT_THAT(node.programmed("default/a").message, HasSubstr("no route to 198.51.100.2"));
  EXPECT_NE(node.plane.tunnel("default/a"), nullptr);  // fail closed from the start
  node.sources.route = address("203.0.113.1");
  node.reconciler.refresh(now);
  node.driver.turn(now);
  EXPECT_EQ(node.programmed("default/a").reason, Reason::Programmed);
  EXPECT_EQ(node.sent.size(), 1U);
}

TEST_F(ReconcilerTest, APublicAddressBehindNatIsTheIdentityAndNotTheSource) {
  node.sources.local = {address("10.0.0.4")};
  node.sources.route = address("10.0.0.4");
  auto spec = spec_to("198.51.100.2");
  spec.set_local_address("203.0.113.99");
  apply({entry("a", spec)});
  ASSERT_EQ(node.sent.size(), 1U);
  EXPECT_EQ(node.sent[0].local.address, address("10.0.0.4"));
}

TEST_F(ReconcilerTest, AConnectionMovesWhenItsSourceAddressIsGone) {
  apply({entry("a", spec_to("198.51.100.2"))});
  forget();
  node.sources.route = address("203.0.113.7");  // the route prefers another address: not a reason to move
  node.sources.local = {address("203.0.113.1"), address("203.0.113.7")};
  node.reconciler.refresh(now);
  node.driver.turn(now);
  EXPECT_THAT(node.sent, IsEmpty());
  node.sources.local = {address("203.0.113.7")};
  node.reconciler.refresh(now);
  node.driver.turn(now);
  ASSERT_EQ(node.sent.size(), 1U);
  EXPECT_EQ(node.sent[0].local.address, address("203.0.113.7"));
}

TEST_F(ReconcilerTest, AnInterfaceThatCannotBeMadeIsToldAndTriedAgain) {
  node.plane.fail_configure(Error{ErrorCode::Internal, "no /dev/net/tun"});
  auto ack = apply({entry("a", spec_to("198.51.100.2"))});
  EXPECT_EQ(ack.entries(0).code(), "INTERNAL");
  EXPECT_THAT(ack.entries(0).message(), HasSubstr("/dev/net/tun"));
  EXPECT_EQ(node.programmed("default/a").reason, Reason::InstallFailed);
  EXPECT_THAT(node.sent, IsEmpty());
  node.plane.fail_configure(std::nullopt);
  node.reconciler.refresh(now);
  node.driver.turn(now);
  EXPECT_EQ(node.programmed("default/a").reason, Reason::Programmed);
  EXPECT_EQ(node.sent.size(), 1U);
}

TEST_F(ReconcilerTest, WhatATunnelLeftThatNeverOpenedGoesWithItsConnection) {
  node.plane.fail_configure(Error{ErrorCode::Internal, "no /dev/net/tun"});
  apply({entry("a", spec_to("198.51.100.2"))});
  EXPECT_THAT(node.plane.fail_closed(), Contains("default/a"));
  apply({});
  EXPECT_THAT(node.plane.fail_closed(), IsEmpty());
}

TEST_F(ReconcilerTest, AConnectionThatWasMadeAnewDoesNotKeepTheOldOnesKey) {
  apply({entry("a", spec_to("198.51.100.2"))});
  ASSERT_EQ(node.engine.snapshot().size(), 1U);
  forget();
  auto made_anew = hold("a");
  made_anew.set_uid("another");
  auto ack = apply({made_anew});
  EXPECT_EQ(ack.entries(0).code(), "OK");
  EXPECT_THAT(node.engine.snapshot(), IsEmpty());
  EXPECT_EQ(node.plane.tunnel("default/a"), nullptr);
  EXPECT_THAT(node.plane.fail_closed(), IsEmpty());
  EXPECT_THAT(node.reconciler.held(), IsEmpty());
  EXPECT_THAT(node.reconciler.configured(), IsEmpty());
  EXPECT_FALSE(node.ledger.tallies().contains("default/a"));
}

TEST_F(ReconcilerTest, AConnectionThatWasMadeAnewWithABadSpecHasNoTunnel) {
  apply({entry("a", spec_to("198.51.100.2"))});
  auto bad = entry("a", spec_to("198.51.100.2"));
  bad.set_uid("another");
  bad.mutable_spec()->mutable_policy()->set_dh_group("DHGroup99");
  auto ack = apply({bad});
  EXPECT_EQ(ack.entries(0).code(), "INVALID_ARGUMENT");
  EXPECT_THAT(node.engine.snapshot(), IsEmpty());
  EXPECT_THAT(node.plane.fail_closed(), IsEmpty());
  EXPECT_EQ(node.programmed("default/a").reason, Reason::SidecarRejected);
}

TEST_F(ReconcilerTest, AConnectionThatWasMadeAnewBeginsAnewAndStaysClosedMeanwhile) {
  apply({entry("a", spec_to("198.51.100.2"))});
  forget();
  auto same = entry("a", spec_to("198.51.100.2"));
  apply({same});
  EXPECT_THAT(node.sent, IsEmpty());
  auto made_anew = same;
  made_anew.set_uid("another");
  apply({made_anew});
  EXPECT_EQ(node.sent.size(), 1U) << "the same spec, and yet another connection";
  EXPECT_THAT(node.plane.calls(), Not(Contains("unconfigure default/a")));
  EXPECT_EQ(node.reconciler.held()[0].uid(), "another");
  EXPECT_EQ(node.programmed("default/a").reason, Reason::Programmed);
  // A uid that is not known says nothing.
  forget();
  made_anew.clear_uid();
  apply({made_anew});
  EXPECT_THAT(node.sent, IsEmpty());
}

TEST_F(ReconcilerTest, APrefixWithAnAddressOfTheNodeIsRefusedAndTheFormerTunnelStays) {
  auto whole_network = spec_to("198.51.100.2");
  whole_network.add_remote_prefixes("203.0.113.0/24");
  auto ack = apply({entry("a", whole_network)});
  EXPECT_THAT(ack.entries(0).message(), AllOf(HasSubstr("203.0.113.0/24"), HasSubstr("203.0.113.1"),
                                              HasSubstr("spec.addressPrefixes")));
  EXPECT_EQ(node.programmed("default/a").reason, Reason::InstallFailed);
  EXPECT_THAT(node.plane.calls(), Not(Contains("configure default/a")));
  apply({entry("a", spec_to("198.51.100.2"))});
  EXPECT_EQ(node.programmed("default/a").reason, Reason::Programmed);
  const auto before = *node.plane.tunnel("default/a");
  apply({entry("a", whole_network)});
  EXPECT_EQ(node.programmed("default/a").reason, Reason::InstallFailed);
  EXPECT_EQ(*node.plane.tunnel("default/a"), before);
}

TEST_F(ReconcilerTest, AConnectionThatWasMadeAnewAfterAnEditThatFailedIsConfiguredAgain) {
  apply({entry("a", spec_to("198.51.100.2"))});
  auto longer = spec_to("198.51.100.2");
  longer.add_remote_prefixes("10.63.0.0/16");
  node.plane.fail_configure(Error{ErrorCode::Internal, "half of it was done"});
  apply({entry("a", longer)});
  node.plane.fail_configure(std::nullopt);
  forget();
  auto made_anew = entry("a", spec_to("198.51.100.2"));
  made_anew.set_uid("another");
  apply({made_anew});
  EXPECT_THAT(node.plane.calls(), Contains("configure default/a")) << "what the edit left is not known";
  EXPECT_EQ(node.programmed("default/a").reason, Reason::Programmed);
}

TEST_F(ReconcilerTest, AChildSaThatIsNotInstalledIsToldUntilOneIs) {
  apply({entry("a", spec_to("198.51.100.2"))});
  node.reconciler.note_install("default/a", Error{ErrorCode::Internal, "no memory"});
  EXPECT_EQ(node.programmed("default/a").reason, Reason::InstallFailed);
  node.reconciler.note_install("default/a", {});
  EXPECT_EQ(node.programmed("default/a").reason, Reason::Programmed);
}

TEST_F(ReconcilerTest, LeftoversGoOnceEverythingIsConfigured) {
  const std::string leftovers = "remove_leftovers";
  const auto removed = [&] {
    for (const auto& call : node.plane.calls()) {
      if (call.starts_with(leftovers)) return true;
    }
    return false;
  };
  apply({entry("a", spec_to("198.51.100.2")), hold("b")});
  EXPECT_FALSE(removed());  // "b" may have routes that keep its packets in
  auto bad = spec_to("198.51.100.3");
  bad.clear_shared_key();
  apply({entry("a", spec_to("198.51.100.2")), entry("b", bad)});
  EXPECT_FALSE(removed());
  apply({entry("a", spec_to("198.51.100.2")), entry("b", spec_to("198.51.100.3"))});
  EXPECT_TRUE(removed());
  node.plane.clear_calls();
  apply({entry("a", spec_to("198.51.100.2"))});
  EXPECT_FALSE(removed());  // once in the life of the process
}

TEST_F(ReconcilerTest, AtTheEndFailClosedRoutesStay) {
  apply({entry("a", spec_to("198.51.100.2"))});
  node.reconciler.release_all();
  EXPECT_EQ(node.plane.tunnel("default/a"), nullptr);
  EXPECT_THAT(node.plane.fail_closed(), Contains("default/a"));
}

}  // namespace
}  // namespace hawser::agent
