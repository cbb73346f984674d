#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sidecar/metrics/exposition.h"
#include "sidecar/status/to_proto.h"
#include "tests/unit/common/spec/good_spec.h"
#include "tests/unit/sidecar/agent/world.h"

namespace hawser::agent {
namespace {

using catalog::Reason;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kCanary = "canary-4f2a9c71";
constexpr const char* kName = "default/site";

// Two sidecars without their sockets: specs in, packets through.
class TwoNodesTest : public ::testing::Test {
 protected:
  TwoNodesTest() {
    world.add(left);
    world.add(right);
  }
  static v1::ConnectionSpec spec(bool is_left) {
    auto spec = spec::good_spec();
    spec.clear_local_address();
    spec.set_remote_address(is_left ? "198.51.100.1" : "192.0.2.1");
    spec.set_shared_key(kCanary);
    if (!is_left) spec.mutable_local_prefixes()->Swap(spec.mutable_remote_prefixes());
    return spec;
  }
  void apply(Node& node, v1::ConnectionSpec spec) {
    v1::DesiredState desired;
    auto& entry = *desired.add_entries();
    entry.set_namespace_("default");
    entry.set_name("site");
    *entry.mutable_spec() = std::move(spec);
    EXPECT_EQ(node.apply(world.now, std::move(desired)).entries(0).code(), "OK");
  }
  template <typename Change>
  void apply_both(Change change) {
    for (Node* node : {&left, &right}) {
      auto wanted = spec(node == &left);
      change(wanted);
      apply(*node, std::move(wanted));
    }
    world.run(seconds(20));
  }
  void connect() {
    apply_both([](v1::ConnectionSpec&) {});
    ASSERT_EQ(left.view(kName).reason, Reason::Established) << left.view(kName).message;
    ASSERT_EQ(right.view(kName).reason, Reason::Established) << right.view(kName).message;
  }
  // A packet from the left host arrives at the right one.
  bool passes() {
    const support::InnerPacket packet{address("10.11.0.10"), address("10.61.0.10")};
    auto sent = left.plane.send(kName, packet);
    return sent && right.plane.deliver(sent->outbound_spi, packet);
  }
  static sa::IkeSpi ike_of(const Node& node) { return node.view(kName).ike_sas.back().initiator_spi; }
  static sa::Spi child_of(const Node& node) { return node.view(kName).child_sas.back().inbound_spi; }

  World world;
  Node left{2, "192.0.2.1"};
  Node right{3, "198.51.100.1"};
};

TEST_F(TwoNodesTest, ReachEstablishedAndCarryPackets) {
  connect();
  EXPECT_TRUE(passes());
  EXPECT_EQ(left.plane.installed(kName).size(), 1U);
  EXPECT_GT(left.snapshot().connections[0].tally.handshakes.count, 0U);
}

TEST_F(TwoNodesTest, TheSameStateFromANewOperatorChangesNothing) {
  connect();
  const auto ike = ike_of(left);
  const auto child = child_of(left);
  connect();
  EXPECT_EQ(ike_of(left), ike);
  EXPECT_EQ(child_of(left), child);
}

TEST_F(TwoNodesTest, PrefixesAndTimersChangeInPlace) {
  connect();
  const auto child = child_of(left);
  apply_both([](v1::ConnectionSpec& spec) {
    spec.set_dpd_timeout_seconds(60);
    spec.mutable_local_prefixes()->RemoveLast();
    spec.mutable_remote_prefixes()->RemoveLast();
  });
  EXPECT_EQ(child_of(left), child);
  EXPECT_EQ(left.plane.tunnel(kName)->remote_prefixes.size(), 1U);
  EXPECT_TRUE(passes());
}

TEST_F(TwoNodesTest, AnotherEspSuiteMakesAnotherChildSa) {
  connect();
  const auto child = child_of(left);
  apply_both([](v1::ConnectionSpec& spec) {
    spec.mutable_policy()->set_ipsec_encryption("GCMAES128");
    spec.mutable_policy()->set_ipsec_integrity("GCMAES128");
  });
  ASSERT_EQ(left.view(kName).reason, Reason::Established) << left.view(kName).message;
  EXPECT_NE(child_of(left), child);
  EXPECT_EQ(left.view(kName).child_sas.back().suite.encryption->name, "GCMAES128");
  EXPECT_TRUE(passes());
}

TEST_F(TwoNodesTest, AnotherIkeSuiteMakesAnotherIkeSa) {
  connect();
  apply_both([](v1::ConnectionSpec& spec) { spec.mutable_policy()->set_ike_encryption("AES256"); });
  world.run(seconds(40));
  ASSERT_EQ(left.view(kName).reason, Reason::Established) << left.view(kName).message;
  EXPECT_EQ(left.view(kName).ike_sas.back().suite.encryption->name, "AES256");
  EXPECT_TRUE(passes());
}

TEST_F(TwoNodesTest, ADeletedConnectionIsGoneOnTheOtherSideToo) {
  connect();
  left.apply(world.now, v1::DesiredState());
  world.run(std::chrono::milliseconds(10));
  EXPECT_TRUE(left.engine.snapshot().empty());
  EXPECT_EQ(left.plane.tunnel(kName), nullptr);
  EXPECT_NE(right.view(kName).reason, Reason::Established);
  EXPECT_TRUE(right.plane.installed(kName).empty());
}

TEST_F(TwoNodesTest, AFailedInstallIsToldAndDoesNotCrash) {
  left.plane.fail_next_install(Error{ErrorCode::Internal, "table is full"});
  apply_both([](v1::ConnectionSpec&) {});
  world.run(seconds(60));
  EXPECT_EQ(left.view(kName).reason, Reason::Established) << left.view(kName).message;
}

TEST_F(TwoNodesTest, TheSharedKeyAppearsNowhere) {
  connect();
  // A failure has the longest texts.
  auto wrong = spec(true);
  wrong.set_shared_key(std::string(kCanary) + "-other");
  apply(left, wrong);
  world.run(seconds(30));
  auto bad = spec(true);
  bad.set_shared_key(std::string(kCanary) + "\n");
  v1::DesiredState desired;
  auto& entry = *desired.add_entries();
  entry.set_namespace_("default");
  entry.set_name("site");
  *entry.mutable_spec() = bad;
  const auto ack = left.apply(world.now, std::move(desired));
  EXPECT_EQ(ack.entries(0).code(), "INVALID_ARGUMENT");

  std::string seen = ack.DebugString();
  for (Node* node : {&left, &right}) {
    const auto snapshot = node->snapshot();
    for (const auto& connection : snapshot.connections) {
      seen += status::to_proto(snapshot, connection).DebugString();
      seen += connection.configured.spec.DebugString();
    }
    seen += metrics::to_text(snapshot);
    for (const auto& line : node->log) seen += line + "\n";
    for (const auto& held : node->reconciler.held()) seen += held.DebugString();
  }
  EXPECT_THAT(seen, HasSubstr("AuthenticationFailed"));
  EXPECT_THAT(seen, Not(HasSubstr(kCanary)));
}

}  // namespace
}  // namespace hawser::agent
