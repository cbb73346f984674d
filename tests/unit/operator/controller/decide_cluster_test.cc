#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/controller/decide.h"
#include "tests/unit/operator/policy/walkthrough.h"

namespace hawser::controller {
namespace {

using api::Kind;
using api::ObjectKey;
using catalog::ConditionType;
using sidecars::LinkState;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const ObjectKey kConnection{Kind::Connection, "default", "vnet1tosite6"};
const ObjectKey kGateway{Kind::VirtualNetworkGateway, "default", "vnet1gw"};

// The walkthrough in a cluster of two nodes, as an operator finds it that has just started.
class DecideCluster : public ::testing::Test {
 protected:
  DecideCluster() {
    source_->objects = policy::walkthrough();
    inputs_.nodes.emplace();
    for (const char* name : {"a", "b"}) {
      inputs_.nodes->push_back({.name = name,
                                .target = std::string(name) + ":9446",
                                .labels = {},
                                .node_known = true,
                                .node_ready = true,
                                .pod_there = true,
                                .pod_ready = true});
      sidecars::SidecarSnapshot& sidecar = inputs_.sidecars.emplace_back();
      sidecar.name = sidecar.node = name;
      sidecar.state = LinkState::Connected;
      sidecar.status_known = true;
    }
  }
  void lose_the_secret() { source_->objects.secrets.clear(); }
  // What the sidecar of a node says of the connection.
  void say(size_t node, const std::string& uid) {
    v1::ConnectionStatus& status = inputs_.sidecars[node].statuses["default/vnet1tosite6"];
    status.set_uid(uid);
    status.set_programmed(true);
    status.set_established_reason("Established");
  }
  std::vector<std::string> holders(const Decision& decision) {
    std::vector<std::string> out;
    for (const auto& [sidecar, desired] : decision.desired)
      for (const auto& entry : desired.entries)
        if (entry.spec == nullptr) out.push_back(sidecar);
    return out;
  }
  const api::Status& status(const Decision& decision, const ObjectKey& key = kConnection) {
    return decision.statuses.at(key)->status;
  }
  Decision decide_now() { return decide(inputs_, now_); }
  void was_on(const api::ObjectKey& key, const std::string& node) {
    ObjectStatus status;
    status.status.node = node;
    previous_[key] = std::make_shared<const ObjectStatus>(std::move(status));
  }

  std::shared_ptr<store::SourceSnapshot> source_ = std::make_shared<store::SourceSnapshot>();
  Statuses previous_;
  Memory memory_;
  Inputs inputs_{source_, previous_, memory_, {}};
  store::Now now_{TimePoint(seconds(1000)), WallTime(seconds(1'000'000'000))};
};

TEST_F(DecideCluster, AHoldGoesOnlyWhereTheConnectionWas) {
  lose_the_secret();
  was_on(kConnection, "b");
  was_on(kGateway, "a");
  EXPECT_THAT(holders(decide_now()), ElementsAre("b"));
}

TEST_F(DecideCluster, AHoldWaitsForANodeThatIsAway) {
  lose_the_secret();
  was_on(kConnection, "gone");
  const Decision decision = decide_now();
  EXPECT_THAT(holders(decision), IsEmpty());
  EXPECT_EQ(status(decision).node, "gone") << "the next pass must know it, too";
}

TEST_F(DecideCluster, AHoldGoesToTheGatewaysNodeWhereNoStatusSaysMore) {
  lose_the_secret();
  was_on(kGateway, "b");
  const Decision decision = decide_now();
  EXPECT_THAT(holders(decision), ElementsAre("b"));
  EXPECT_EQ(status(decision).node, "") << "nobody has said that it has it";
}

TEST_F(DecideCluster, AHoldGoesToAllWhereNobodyKnows) {
  source_->objects.virtual_network_gateways.clear();
  EXPECT_THAT(holders(decide_now()), ElementsAre("a", "b"));
}

TEST_F(DecideCluster, AnotherNodeCannotSpeakForWhatIsHeld) {
  lose_the_secret();
  was_on(kConnection, "b");
  say(0, "");
  EXPECT_EQ(status(decide_now()).connection_status, "Unknown");
  say(1, "");
  EXPECT_EQ(status(decide_now()).connection_status, "Connected");
}

TEST_F(DecideCluster, WhatADeletedObjectLeftIsNotHeldAndNotBelieved) {
  lose_the_secret();
  source_->objects.connections.at("default/vnet1tosite6").meta.uid = "new";
  was_on(kGateway, "a");
  say(0, "old");
  const Decision decision = decide_now();
  EXPECT_THAT(holders(decision), IsEmpty());
  EXPECT_EQ(status(decision).connection_status, "Unknown");
  say(0, "new");
  EXPECT_THAT(holders(decide_now()), ElementsAre("a"));
  EXPECT_EQ(status(decide_now()).connection_status, "Connected");
}

TEST_F(DecideCluster, TheStatusOfADeletedObjectIsNotThatOfTheNext) {
  source_->objects.connections.at("default/vnet1tosite6").meta.uid = "new";
  was_on(kGateway, "a");
  say(0, "old");
  EXPECT_EQ(status(decide_now()).connection_status, "Unknown");
  EXPECT_EQ(decide_now().desired.at("a").entries.at(0).uid, "new");
}

TEST_F(DecideCluster, TheOldestConnectionIsTakenOverFirst) {
  auto& connections = source_->objects.connections;
  api::Connection& first = connections.at("default/vnet1tosite6");
  first.meta.creation_timestamp = "2026-11-24T08:00:00Z";
  api::Connection older = first;
  older.meta.name = "zulu";
  older.meta.creation_timestamp = "2026-11-23T08:00:00Z";
  connections["default/zulu"] = older;
  lose_the_secret();
  was_on(kConnection, "a");
  was_on({Kind::Connection, "default", "zulu"}, "a");
  const Decision decision = decide_now();
  EXPECT_THAT(decision.desired.at("a").entries,
              ElementsAre(::testing::Field(&sidecars::DesiredEntry::name, "zulu"),
                          ::testing::Field(&sidecars::DesiredEntry::name, "vnet1tosite6")));
}

TEST_F(DecideCluster, AGatewayMadeAgainGoesWhereItsConnectionsAre) {
  memory_.in_force["default/vnet1tosite6"] = {
      std::make_shared<const v1::ConnectionSpec>(), 1, 1, "default/vnet1gw", "b", {}};
  EXPECT_EQ(status(decide_now(), kGateway).node, "b");
  memory_.in_force.clear();
  was_on(kConnection, "b");
  EXPECT_EQ(status(decide_now(), kGateway).node, "b") << "after a restart, too";
  previous_.clear();
  EXPECT_EQ(status(decide_now(), kGateway).node, "a") << "else it is placed as a new one";
}

// Of every kind, whether it was good before or not.
TEST_F(DecideCluster, ABrokenObjectHasTheGenerationOfItsBrokenText) {
  const ObjectKey keys[] = {{Kind::VirtualNetwork, "default", "testvnet1"},
                            kGateway,
                            {Kind::LocalNetworkGateway, "default", "site6"},
                            {Kind::IpsecPolicy, "default", "ipsecpolicy6"},
                            kConnection};
  for (const ObjectKey& key : keys) source_->broken[key] = {"spec.colour: red is not a number", "uid-7", 7};
  for (bool good_before : {true, false}) {
    if (!good_before) source_->objects = {};
    const Decision decision = decide_now();
    for (const ObjectKey& key : keys) {
      SCOPED_TRACE(key.to_string() + (good_before ? ", good before" : ", never good"));
      EXPECT_EQ(decision.statuses.at(key)->meta.uid, "uid-7");
      EXPECT_EQ(status(decision, key).observed_generation, 7);
      const api::Condition* stalled = status(decision, key).find(ConditionType::Stalled);
      ASSERT_NE(stalled, nullptr);
      EXPECT_EQ(stalled->observed_generation, 7);
      EXPECT_THAT(stalled->message, HasSubstr("red is not a number"));
    }
  }
}

TEST_F(DecideCluster, WhatStandsOnABrokenObjectIsToldSo) {
  for (const ObjectKey& key : {ObjectKey{Kind::VirtualNetwork, "default", "testvnet1"}, kGateway})
    source_->broken[key] = {"spec.colour: red is not a number", "uid-7", 7};
  source_->objects.virtual_networks.clear();
  Decision decision = decide_now();
  const std::string of_gateway = status(decision, kGateway).find(ConditionType::ResolvedRefs)->message;
  EXPECT_THAT(of_gateway, HasSubstr("VirtualNetwork default/testvnet1 cannot be used before it is mended: "
                                    "spec.colour: red is not a number"));
  source_->objects.virtual_network_gateways.clear();
  decision = decide_now();
  const std::string text = status(decision).find(ConditionType::ResolvedRefs)->message;
  EXPECT_THAT(text, HasSubstr("VirtualNetworkGateway default/vnet1gw cannot be used before it is mended"));
  EXPECT_THAT(text, Not(HasSubstr("create it")));
}

TEST_F(DecideCluster, ARefusedGatewayIsStalled) {
  source_->objects.virtual_networks.at("default/testvnet1").spec.subnets.pop_back();
  const Decision decision = decide_now();
  EXPECT_NE(status(decision, kGateway).find(ConditionType::Stalled), nullptr);
}

}  // namespace
}  // namespace hawser::controller
