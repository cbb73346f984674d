#include "operator/controller/placement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hawser::controller {
namespace {

using sidecars::LinkState;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PlacementTest : public ::testing::Test {
 protected:
  void gateway(const std::string& name, int connections = 0) {
    api::VirtualNetworkGateway& made = source_->objects.virtual_network_gateways["ns/" + name];
    made.meta.namespace_ = "ns";
    made.meta.name = name;
    for (int i = 0; i < connections; ++i) {
      const std::string connection = name + "-" + std::to_string(i);
      api::Connection& one = source_->objects.connections["ns/" + connection];
      one.meta.namespace_ = "ns";
      one.meta.name = connection;
      one.spec.virtual_network_gateway_ref = name;
    }
  }
  api::VirtualNetworkGateway& gateway_named(const std::string& name) {
    return source_->objects.virtual_network_gateways.at("ns/" + name);
  }
  // A node in order with a sidecar that is connected.
  sidecars::SidecarNode& node(const std::string& name) {
    links_[name] = LinkState::Connected;
    return nodes_[name] = {.name = name,
                           .target = name + ":9446",
                           .labels = {},
                           .node_known = true,
                           .node_ready = true,
                           .pod_there = true,
                           .pod_ready = true};
  }
  // One pass; its memory is that of the next.
  Placement pass() {
    inputs_.sidecars.clear();
    inputs_.nodes.emplace();
    for (const auto& [name, value] : nodes_) inputs_.nodes->push_back(value);
    for (const auto& [name, state] : links_) {
      sidecars::SidecarSnapshot& snapshot = inputs_.sidecars.emplace_back();
      snapshot.name = name;
      snapshot.state = state;
      if (state == LinkState::Unreachable) snapshot.message = "no route to host";
    }
    Placement placement(inputs_, now_);
    memory_.places = placement.places();
    return placement;
  }
  std::string where(const std::string& name) { return memory_.places["ns/" + name].node; }
  void was_on(const api::ObjectKey& key, const std::string& node) {
    ObjectStatus status;
    status.status.node = node;
    previous_[key] = std::make_shared<const ObjectStatus>(std::move(status));
  }

  std::shared_ptr<store::SourceSnapshot> source_ = std::make_shared<store::SourceSnapshot>();
  Statuses previous_;
  Memory memory_;
  Inputs inputs_{source_, previous_, memory_, {}};
  std::map<std::string, sidecars::SidecarNode> nodes_;
  std::map<std::string, LinkState> links_;
  store::Now now_{TimePoint(seconds(1000)), WallTime(seconds(1'000'000'000))};
};

TEST_F(PlacementTest, SpreadsNewGatewaysByConnectionsThenGatewaysThenName) {
  for (const char* name : {"x", "y", "z"}) node(name);
  gateway("g1", 3);
  gateway("g2", 1);
  gateway("g3", 1);
  gateway("g4", 1);
  gateway("g5");
  gateway("g6");
  pass();
  EXPECT_THAT((std::vector{where("g1"), where("g2"), where("g3"), where("g4"), where("g5"), where("g6")}),
              ElementsAre("x", "y", "z", "y", "z", "z"));
  // A new node takes nothing away from the others.
  node("a");
  gateway("g7", 1);
  pass();
  EXPECT_EQ(where("g1"), "x");
  EXPECT_EQ(where("g7"), "a");
}

TEST_F(PlacementTest, TheStatusTellsThePlaceAfterARestart) {
  node("x");
  node("y");
  gateway("g");
  was_on({api::Kind::VirtualNetworkGateway, "ns", "g"}, "y");
  const Placement placement = pass();
  EXPECT_EQ(where("g"), "y");
  EXPECT_EQ(placement.of(gateway_named("g")).sidecar->name, "y");
  EXPECT_TRUE(placement.notices().empty());
}

TEST_F(PlacementTest, ASidecarThatIsNotReadyGetsNothingNew) {
  gateway("g");
  EXPECT_EQ(pass().of(gateway_named("g")).problem, "no node has a sidecar");
  node("a").pod_ready = false;
  node("b").node_ready = false;
  node("c");
  links_["c"] = LinkState::Unreachable;
  const Place place = pass().of(gateway_named("g"));
  EXPECT_EQ(place.problem,
            "no sidecar that may serve it is ready: a (its sidecar's pod is not ready), b (the node is not "
            "ready), c (no route to host)");
  EXPECT_EQ(place.sidecar, nullptr);
}

TEST_F(PlacementTest, ASelectorThatNobodyMatchesNamesTheLabelsAndTheNodes) {
  for (int i = 10; i < 25; ++i) node("n" + std::to_string(i));
  gateway("g");
  gateway_named("g").spec.node_selector = {{"disk", "ssd"}, {"zone", "a"}};
  const std::string problem = pass().of(gateway_named("g")).problem;
  EXPECT_THAT(problem, HasSubstr("asks for disk=ssd, zone=a, which no node with a sidecar has"));
  EXPECT_THAT(problem, HasSubstr("n10, n11"));
  EXPECT_THAT(problem, HasSubstr("n19 and 5 more"));
}

TEST_F(PlacementTest, MovesOnlyWhenTheStreamIsDownAndTheClusterSaysSoToo) {
  node("a");
  node("b");
  gateway("g");
  pass();
  // The cluster alone.
  nodes_["a"].node_ready = false;
  nodes_["a"].pod_there = false;
  now_.monotonic += seconds(100);
  EXPECT_FALSE(pass().again_at());
  EXPECT_EQ(where("g"), "a");
  // The stream alone.
  node("a");
  links_["a"] = LinkState::Unreachable;
  EXPECT_FALSE(pass().again_at());
  now_.monotonic += seconds(100);
  pass();
  EXPECT_EQ(where("g"), "a");
  // Another operator's sidecar is not down.
  links_["a"] = LinkState::Refused;
  nodes_["a"].node_ready = false;
  now_.monotonic += seconds(100);
  pass();
  EXPECT_EQ(where("g"), "a");
  // Both, from now on.
  links_["a"] = LinkState::Unreachable;
  EXPECT_EQ(pass().again_at(), now_.monotonic + kMoveAfter);
  now_.monotonic += kMoveAfter - std::chrono::nanoseconds(1);
  pass();
  EXPECT_EQ(where("g"), "a");
  now_.monotonic += std::chrono::nanoseconds(1);
  const Placement moved = pass();
  EXPECT_EQ(where("g"), "b");
  EXPECT_THAT(moved.notices().at(0).text, HasSubstr("moved from node a to b: the node is not ready"));
}

TEST_F(PlacementTest, ANodeThatIsUnknownCountsFromWhenItWasMissed) {
  node("b");
  gateway("g");
  memory_.places["ns/g"].node = "gone";
  const Placement first = pass();
  EXPECT_EQ(first.of(gateway_named("g")).waiting, "waiting for node gone: its sidecar's pod is gone");
  EXPECT_EQ(first.again_at(), now_.monotonic + kMoveAfter);
  now_.monotonic += kMoveAfter;
  pass();
  EXPECT_EQ(where("g"), "b");
}

TEST_F(PlacementTest, ASelectorMovesNothingOffASidecarThatCannotBeTold) {
  node("a").labels = {{"zone", "a"}};
  node("b").labels = {{"zone", "b"}};
  gateway("g");
  gateway_named("g").spec.node_selector = {{"zone", "a"}};
  pass();
  gateway_named("g").spec.node_selector = {{"zone", "b"}};
  for (LinkState state : {LinkState::Unreachable, LinkState::Refused}) {
    links_["a"] = state;
    now_.monotonic += seconds(100);
    const Place place = pass().of(gateway_named("g"));
    EXPECT_EQ(where("g"), "a");
    EXPECT_THAT(place.problem, HasSubstr("it moves once its sidecar can be told to let go"));
  }
  links_["a"] = LinkState::Connected;
  EXPECT_EQ(pass().of(gateway_named("g")).problem, "");
  EXPECT_EQ(where("g"), "b");
}

TEST_F(PlacementTest, ASelectorLetsALostNodeGo) {
  node("a");
  node("b").labels = {{"zone", "b"}};
  gateway("g");
  pass();
  gateway_named("g").spec.node_selector = {{"zone", "b"}};
  links_["a"] = LinkState::Unreachable;
  nodes_["a"].pod_there = false;
  EXPECT_EQ(pass().again_at(), now_.monotonic + kMoveAfter);
  EXPECT_EQ(where("g"), "a");
  now_.monotonic += kMoveAfter;
  pass();
  EXPECT_EQ(where("g"), "b");
}

TEST_F(PlacementTest, AFirstAttemptIsWaitedForUnlessANodeIsLost) {
  node("a");
  node("b");
  links_["a"] = LinkState::Connecting;
  gateway("g");
  gateway("h");
  memory_.places["ns/h"] = {"lost", now_.monotonic - kMoveAfter};
  const Placement placement = pass();
  EXPECT_THAT(placement.of(gateway_named("g")).waiting, HasSubstr("first answer"));
  EXPECT_EQ(where("h"), "b");
}

TEST_F(PlacementTest, AllOfALostNodeSpreadOverTheRest) {
  for (const char* name : {"a", "b", "c"}) node(name);
  for (int i = 0; i < 9; ++i) gateway("g" + std::to_string(i), 1);
  pass();
  links_["a"] = LinkState::Unreachable;
  nodes_["a"].pod_there = false;
  pass();
  now_.monotonic += kMoveAfter;
  pass();
  std::map<std::string, int> count;
  for (int i = 0; i < 9; ++i) ++count[where("g" + std::to_string(i))];
  EXPECT_EQ(count["a"], 0);
  EXPECT_LE(std::abs(count["b"] - count["c"]), 1);
}

}  // namespace
}  // namespace hawser::controller
