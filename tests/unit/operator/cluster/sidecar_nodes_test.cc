#include "operator/cluster/sidecar_nodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hawser::cluster {
namespace {

using kube::ObjectChange;
using nlohmann::json;
using std::chrono::seconds;
using ::testing::IsEmpty;

class SidecarNodesTest : public ::testing::Test {
 protected:
  struct PodSays {
    std::string address = "192.0.2.1";
    bool ready = true;
    std::string phase = "Running";
    bool deleting = false;
    std::string created = "2026-01-01T00:00:00Z";
  };
  void pod(const std::string& name, const std::string& node, const PodSays& says) {
    json object = {{"metadata", {{"name", name}, {"creationTimestamp", says.created}}},
                   {"spec", json::object()},
                   {"status",
                    {{"phase", says.phase},
                     {"conditions",
                      {{{"type", "Initialized"}, {"status", "True"}},
                       {{"type", "Ready"}, {"status", says.ready ? "True" : "False"}}}}}}};
    if (!node.empty()) object["spec"]["nodeName"] = node;
    if (!says.address.empty()) object["status"]["podIP"] = says.address;
    if (says.deleting) object["metadata"]["deletionTimestamp"] = "2026-01-02T00:00:00Z";
    table_.apply_pod({ObjectChange::Type::Upsert, "hawser-system/" + name, object}, now_);
  }
  void pod(const std::string& name, const std::string& node) { pod(name, node, {}); }
  void delete_pod(const std::string& name) {
    table_.apply_pod({ObjectChange::Type::Delete, "hawser-system/" + name, nullptr}, now_);
  }
  void node(const std::string& name, const char* ready, const json& labels = json::object()) {
    table_.apply_node({ObjectChange::Type::Upsert,
                       name,
                       {{"metadata", {{"name", name}, {"labels", labels}}},
                        {"status", {{"conditions", {{{"type", "Ready"}, {"status", ready}}}}}}}});
  }
  std::vector<sidecars::SidecarNode> list() { return table_.list(now_); }

  SidecarNodes table_{9446};
  TimePoint now_{seconds(1000)};
};

TEST_F(SidecarNodesTest, ANodeWithAPodOfASidecarIsOne) {
  node("plain", "True");
  node("b", "True", {{"zone", "east"}, {"kubernetes.io/hostname", "b"}});
  pod("hawser-1", "b", {.address = "2001:db8::7"});
  pod("hawser-2", "a");
  const auto all = list();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "a");
  EXPECT_EQ(all[0].target, "192.0.2.1:9446");
  EXPECT_FALSE(all[0].node_known);
  EXPECT_FALSE(all[0].node_ready);
  EXPECT_TRUE(all[0].pod_ready);
  EXPECT_EQ(all[1].target, "[2001:db8::7]:9446");
  EXPECT_TRUE(all[1].node_known && all[1].node_ready && all[1].pod_there && all[1].pod_ready);
  EXPECT_EQ(all[1].labels.at("zone"), "east");
}

TEST_F(SidecarNodesTest, FollowsReadinessAndLabels) {
  pod("p", "a");
  node("a", "True", {{"zone", "east"}});
  node("a", "Unknown", {{"zone", "west"}});
  EXPECT_FALSE(list()[0].node_ready);
  EXPECT_TRUE(list()[0].node_known);
  EXPECT_EQ(list()[0].labels.at("zone"), "west");
  pod("p", "a", {.ready = false});
  EXPECT_FALSE(list()[0].pod_ready);
  EXPECT_TRUE(list()[0].pod_there);
  table_.apply_node({ObjectChange::Type::Delete, "a", nullptr});
  EXPECT_FALSE(list()[0].node_known);
  EXPECT_THAT(list()[0].labels, IsEmpty());
}

TEST_F(SidecarNodesTest, APodThatIsNotScheduledOrHasNoAddressYetHasNoTarget) {
  pod("p", "", {.address = "", .ready = false, .phase = "Pending"});
  EXPECT_THAT(list(), IsEmpty());
  pod("p", "a", {.address = "", .ready = false, .phase = "Pending"});
  EXPECT_EQ(list()[0].target, "");
  EXPECT_TRUE(list()[0].pod_there);
  pod("p", "a");
  EXPECT_EQ(list()[0].target, "192.0.2.1:9446");
}

TEST_F(SidecarNodesTest, OfTwoTheOneThatStaysCounts) {
  pod("old", "a", {.address = "192.0.2.1", .deleting = true});
  EXPECT_FALSE(list()[0].pod_ready);
  pod("new", "a", {.address = "192.0.2.2", .ready = false, .created = "2026-01-02T00:00:00Z"});
  EXPECT_EQ(list()[0].target, "192.0.2.2:9446");
  delete_pod("old");
  EXPECT_EQ(list()[0].target, "192.0.2.2:9446");
  EXPECT_TRUE(list()[0].pod_there);
}

TEST_F(SidecarNodesTest, AnEvictedPodIsGoneThoughItsObjectStays) {
  pod("p", "a");
  pod("p", "a", {.ready = false, .phase = "Failed"});
  EXPECT_FALSE(list()[0].pod_there);
}

TEST_F(SidecarNodesTest, ANodeIsToldOfForAMinuteAfterItsLastPod) {
  pod("p", "a");
  EXPECT_FALSE(table_.next_deadline());
  delete_pod("p");
  ASSERT_EQ(list().size(), 1u);
  EXPECT_FALSE(list()[0].pod_there);
  EXPECT_EQ(list()[0].target, "192.0.2.1:9446");
  EXPECT_EQ(table_.next_deadline(), now_ + SidecarNodes::kForgetAfter);
  now_ += SidecarNodes::kForgetAfter - seconds(1);
  EXPECT_EQ(list().size(), 1u);
  // The next one comes in time, and starts the count anew.
  pod("q", "a", {.address = ""});
  EXPECT_EQ(list()[0].target, "192.0.2.1:9446");
  now_ += seconds(100);
  EXPECT_EQ(list().size(), 1u);
  delete_pod("q");
  now_ += SidecarNodes::kForgetAfter;
  EXPECT_THAT(list(), IsEmpty());
  EXPECT_FALSE(table_.next_deadline());
}

TEST_F(SidecarNodesTest, OddObjectsAreNoPods) {
  table_.apply_pod({ObjectChange::Type::Upsert, "x", nullptr}, now_);
  table_.apply_pod({ObjectChange::Type::Upsert, "y", {{"spec", 3}, {"status", {{"podIP", 4}}}}}, now_);
  table_.apply_node({ObjectChange::Type::Upsert, "n", {{"metadata", {{"labels", {{"a", 1}}}}}}});
  delete_pod("never-seen");
  EXPECT_THAT(list(), IsEmpty());
}

}  // namespace
}  // namespace hawser::cluster
