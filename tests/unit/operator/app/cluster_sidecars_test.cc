#include "operator/app/cluster_sidecars.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/kube/model_client.h"

namespace hawser::app {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Pods, Nodes and Secrets on a model of the API server.
class ClusterSidecarsTest : public ::testing::Test {
 protected:
  static std::string pod_path(const std::string& name) {
    return "/api/v1/namespaces/hawser-system/pods/" + name;
  }
  static std::string secret_path(const std::string& name) {
    return "/api/v1/namespaces/hawser-system/secrets/" + name;
  }
  void pod(const std::string& name, const std::string& node, const std::string& address) {
    server_.put(pod_path(name), {{"metadata", {{"name", name}, {"namespace", "hawser-system"}}},
                                 {"spec", {{"nodeName", node}}},
                                 {"status",
                                  {{"phase", "Running"},
                                   {"podIP", address},
                                   {"conditions", {{{"type", "Ready"}, {"status", "True"}}}}}}});
  }
  void node(const std::string& name, const char* ready) {
    server_.put("/api/v1/nodes/" + name,
                {{"metadata", {{"name", name}, {"labels", {{"kubernetes.io/hostname", name}}}}},
                 {"status", {{"conditions", {{{"type", "Ready"}, {"status", ready}}}}}}});
  }
  // The loop of an operator for so long, every 50 ms.
  void run(Duration time, bool acting = true) {
    for (const TimePoint end = now_.monotonic + time; now_.monotonic < end;) {
      client_.step(now_.monotonic);
      sidecars_.step(now_, acting);
      if (sidecars_.synced())
        if (auto news = sidecars_.take_nodes(now_.monotonic)) nodes_ = *std::move(news);
      for (store::Notice& notice : sidecars_.take_notices()) notices_.push_back(notice.text);
      now_.monotonic += milliseconds(50);
      now_.wall += milliseconds(50);
    }
  }

  kube::ModelServer server_;
  kube::ModelClient client_{server_, 7};
  SeededJitter jitter_{7};
  ClusterSidecars sidecars_{client_, {.namespace_ = "hawser-system", .selector = ""}, jitter_};
  store::Now now_{TimePoint(seconds(1000)), WallTime(seconds(1'800'000'000))};
  std::optional<std::vector<sidecars::SidecarNode>> nodes_;
  std::vector<std::string> notices_;
};

TEST_F(ClusterSidecarsTest, FollowsPodsAndNodes) {
  node("a", "True");
  node("b", "True");
  pod("hawser-1", "a", "192.0.2.1");
  run(seconds(2));
  ASSERT_TRUE(nodes_);
  ASSERT_EQ(nodes_->size(), 1u);
  EXPECT_EQ(nodes_->front().target, "192.0.2.1:9446");
  EXPECT_TRUE(nodes_->front().node_ready);
  EXPECT_EQ(nodes_->front().labels.at("kubernetes.io/hostname"), "a");
  pod("hawser-2", "b", "2001:db8::2");
  node("a", "False");
  run(seconds(2));
  ASSERT_EQ(nodes_->size(), 2u);
  EXPECT_FALSE(nodes_->at(0).node_ready);
  EXPECT_EQ(nodes_->at(1).target, "[2001:db8::2]:9446");
  server_.erase(pod_path("hawser-2"));
  run(seconds(2));
  EXPECT_FALSE(nodes_->at(1).pod_there);
  run(cluster::SidecarNodes::kForgetAfter);
  EXPECT_EQ(nodes_->size(), 1u);
}

TEST_F(ClusterSidecarsTest, AnEmptyClusterIsNewsToo) {
  run(seconds(2));
  ASSERT_TRUE(nodes_);
  EXPECT_THAT(*nodes_, IsEmpty());
}

TEST_F(ClusterSidecarsTest, AsksForItsOwnNamespaceAndTheLabelsGiven) {
  ClusterSidecars labelled(client_, {.namespace_ = "elsewhere", .selector = "a=b,c=d"}, jitter_);
  labelled.step(now_, false);
  client_.step(now_.monotonic);
  auto asks = [](const kube::ApiRequest& request) {
    return request.path == "/api/v1/namespaces/elsewhere/pods" &&
           std::ranges::find(request.query, std::pair<std::string, std::string>(
                                                "labelSelector", "a=b,c=d")) != request.query.end();
  };
  EXPECT_TRUE(std::ranges::any_of(client_.asked, asks));
}

TEST_F(ClusterSidecarsTest, AStandbyReadsAndWritesNothing) {
  node("a", "True");
  pod("hawser-1", "a", "192.0.2.1");
  run(seconds(5), false);
  EXPECT_EQ(nodes_->size(), 1u);
  EXPECT_EQ(sidecars_.identity()->get(), nullptr);
  EXPECT_EQ(server_.find(secret_path("hawser-ca")), nullptr);
  for (const kube::ApiRequest& request : client_.asked) EXPECT_EQ(request.method, kube::HttpMethod::Get);
}

TEST_F(ClusterSidecarsTest, WhoActsMakesTheCertificates) {
  run(seconds(2));
  const auto own = sidecars_.identity()->get();
  ASSERT_NE(own, nullptr);
  const json* stored = server_.find(secret_path("hawser-sidecar-tls"));
  ASSERT_NE(stored, nullptr);
  EXPECT_EQ(trust::read_sidecar_secret(*stored)->bundle, own->authorities);
  EXPECT_THAT(notices_, IsEmpty());
  // Deleted by hand: made again within a minute.
  server_.erase(secret_path("hawser-sidecar-tls"));
  run(seconds(62));
  EXPECT_NE(server_.find(secret_path("hawser-sidecar-tls")), nullptr);
}

TEST_F(ClusterSidecarsTest, TellsTroubleOnceAndWhenItIsOver) {
  server_.put(secret_path("hawser-ca"),
              {{"metadata", {{"name", "hawser-ca"}, {"namespace", "hawser-system"}}},
               {"data", {{"tls.crt", "Z2FyYmFnZQ=="}}}});
  run(seconds(100));
  ASSERT_EQ(notices_.size(), 1u);
  EXPECT_THAT(notices_[0],
              HasSubstr("certificates of the sidecars: Secret hawser-system/hawser-ca: tls.crt"));
  server_.erase(secret_path("hawser-ca"));
  run(seconds(62));
  ASSERT_EQ(notices_.size(), 2u);
  EXPECT_THAT(notices_[1], HasSubstr("in order again"));
  EXPECT_NE(sidecars_.identity()->get(), nullptr);
}

// Requests lost, refused, answered into the void, watches cut: in the end it is as in the objects.
TEST_F(ClusterSidecarsTest, ComesThroughABadNetwork) {
  client_.faults = {.lost_request = 15, .lost_answer = 15, .refused = 15, .cut = 20, .repeated = 10};
  for (int i = 0; i < 40; ++i) {
    const std::string name = "n" + std::to_string(i % 7);
    node(name, i % 3 == 0 ? "False" : "True");
    pod("hawser-" + name, name, "192.0.2." + std::to_string(i + 1));
    run(seconds(10));
  }
  client_.faults = {};
  run(std::chrono::minutes(3));
  ASSERT_EQ(nodes_->size(), 7u);
  for (const sidecars::SidecarNode& one : *nodes_) {
    const int number = std::stoi(one.name.substr(1));
    const int last = number + 35 < 40 ? number + 35 : number + 28;
    EXPECT_EQ(one.target, "192.0.2." + std::to_string(last + 1) + ":9446") << one.name;
    EXPECT_EQ(one.node_ready, last % 3 != 0) << one.name;
  }
  const auto files = trust::read_sidecar_secret(*server_.find(secret_path("hawser-sidecar-tls")));
  const auto own = sidecars_.identity()->get();
  ASSERT_TRUE(files && own != nullptr);
  EXPECT_EQ(files->bundle, own->authorities);
  EXPECT_TRUE(trust::check_issued(files->identity.certificate, own->authorities, trust::kSidecar));
  EXPECT_TRUE(trust::check_issued(own->certificate, files->bundle, trust::kOperator));
}

// Whatever is told while things go wrong, no private key is in it.
TEST_F(ClusterSidecarsTest, KeysOfTheAuthorityAreInNoNotice) {
  client_.faults = {.lost_answer = 30, .refused = 30};
  run(std::chrono::minutes(5));
  json odd = *server_.find(secret_path("hawser-ca"));
  const std::string key = odd["data"]["tls.key"];
  odd["data"]["tls.crt"] = odd["data"]["tls.key"];
  server_.put(secret_path("hawser-ca"), odd);
  run(std::chrono::minutes(5));
  ASSERT_THAT(notices_, Contains(HasSubstr("tls.crt is not a certificate")));
  const auto state = *trust::read_authority_secret(odd);
  const std::string pem(state.current.key.view().begin(), state.current.key.view().end());
  for (const std::string& text : notices_) {
    EXPECT_THAT(text, Not(HasSubstr(key.substr(60, 16))));
    EXPECT_THAT(text, Not(HasSubstr(pem.substr(40, 16))));
    EXPECT_THAT(text, Not(HasSubstr("PRIVATE KEY")));
  }
}

}  // namespace
}  // namespace hawser::app
