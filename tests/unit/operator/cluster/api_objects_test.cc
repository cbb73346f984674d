#include "operator/cluster/api_objects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/kube/model_client.h"
#include "tests/unit/operator/cluster/refusing_client.h"

namespace hawser::cluster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

using Json = nlohmann::json;

// Statuses as an observer is told of them.
class Observer final : public StatusObserver {
 public:
  void saw(const api::ObjectKey& key, uint64_t, const Json& status) override {
    seen[key] = status;
    order += "saw ";
  }
  void gone(const api::ObjectKey& key) override {
    lost.push_back(key);
    order += "gone ";
  }
  std::string order;
  std::map<api::ObjectKey, Json> seen;
  std::vector<api::ObjectKey> lost;
};

Json policy(int64_t generation, int seconds_ = 27000) {
  return {{"metadata", {{"generation", generation}, {"creationTimestamp", "2026-11-23T19:53:59Z"}}},
          {"spec",
           {{"ikeEncryption", "AES256"},
            {"ikeIntegrity", "SHA384"},
            {"dhGroup", "ECP384"},
            {"ipsecEncryption", "GCMAES256"},
            {"ipsecIntegrity", "GCMAES256"},
            {"pfsGroup", "ECP384"},
            {"saLifeTimeSeconds", seconds_}}}};
}

Json connection(const std::string& secret, int64_t generation = 1) {
  return {{"metadata", {{"generation", generation}, {"creationTimestamp", "2026-11-23T19:53:59Z"}}},
          {"spec",
           {{"virtualNetworkGatewayRef", {{"name", "g"}}},
            {"localNetworkGatewayRef", {{"name", "l"}}},
            {"sharedKeySecretRef", {{"name", secret}}}}}};
}

class ApiObjectsTest : public ::testing::Test {
 protected:
  static std::string path(const std::string& plural, const std::string& name,
                          const std::string& space = "a") {
    return "/apis/hawser.dev/v1alpha1/namespaces/" + space + "/" + plural + "/" + name;
  }
  static std::string secret_path(const std::string& name) { return "/api/v1/namespaces/a/secrets/" + name; }
  static Json secret(const std::string& base64) { return {{"data", {{"psk", base64}}}}; }
  // True when there was a new snapshot.
  bool step(Duration after = {}) {
    now_ += after;
    client_.step(now_);
    return objects_->poll({now_, WallTime{}});
  }
  // Until nothing comes any more.
  bool settle(int steps = 12) {
    bool changed = false;
    for (int i = 0; i < steps; ++i) changed = step(milliseconds(5)) || changed;
    return changed;
  }
  const api::ObjectSet& objects() const { return objects_->snapshot()->objects; }
  void open(const std::vector<std::string>& namespaces) {
    objects_ = std::make_unique<ApiObjects>(client_, namespaces, jitter_, &observer_);
  }

  TimePoint now_{seconds(1000)};
  kube::ModelServer server_;
  kube::ModelClient network_{server_, 1};
  RefusingClient client_{network_};
  SeededJitter jitter_{1};
  Observer observer_;
  std::unique_ptr<ApiObjects> objects_ =
      std::make_unique<ApiObjects>(client_, std::vector<std::string>{}, jitter_, &observer_);
};

TEST_F(ApiObjectsTest, KnowsNothingAndSaysSoUntilEveryKindIsRead) {
  client_.forbidden = "/virtualnetworks";
  server_.put(path("ipsecpolicies", "p"), policy(1));
  settle();
  EXPECT_FALSE(objects_->synced());
  EXPECT_FALSE(objects_->snapshot()->complete);
  EXPECT_THAT(objects(), Field(&api::ObjectSet::ipsec_policies, IsEmpty()));
  EXPECT_THAT(objects_->trouble(), HasSubstr("virtualnetworks"));
  EXPECT_THAT(objects_->snapshot()->incomplete_because, Not(IsEmpty()));
  client_.forbidden.clear();
  for (int i = 0; i < 200 && !objects_->synced(); ++i) step(seconds(1));
  EXPECT_TRUE(objects_->synced());
  EXPECT_EQ(objects_->trouble(), "");
  EXPECT_TRUE(objects_->snapshot()->complete);
  EXPECT_TRUE(objects().ipsec_policies.contains("a/p"));
}

TEST_F(ApiObjectsTest, TellsOnceThatNobodyAnswers) {
  client_.forbidden = "/apis";
  client_.silent = true;
  for (int i = 0; i < 60; ++i) step(seconds(1));
  const auto down = objects_->take_notices();
  ASSERT_THAT(down, SizeIs(1)) << "not one for each kind";
  EXPECT_EQ(down[0].level, store::Notice::Level::Warning);
  EXPECT_THAT(down[0].text, AllOf(HasSubstr("the API server cannot be reached"),
                                  HasSubstr("https://192.0.2.1:6443: Failed to connect")));
  client_.forbidden.clear();
  for (int i = 0; i < 120; ++i) step(seconds(1));
  ASSERT_TRUE(objects_->synced());
  const auto up = objects_->take_notices();
  ASSERT_THAT(up, SizeIs(1));
  EXPECT_EQ(up[0].text, "the API server answers again");
}

TEST_F(ApiObjectsTest, FollowsObjectsWithTheServersMetadata) {
  server_.put(path("ipsecpolicies", "p"), policy(3));
  EXPECT_TRUE(settle());
  const auto& meta = objects().ipsec_policies.at("a/p").meta;
  EXPECT_EQ(meta.uid, "uid-1");
  EXPECT_EQ(meta.generation, 3);
  EXPECT_EQ(meta.creation_timestamp, "2026-11-23T19:53:59Z");
  EXPECT_EQ(objects_->newest_resource_version(), server_.version());
  EXPECT_FALSE(settle()) << "nothing happened";
  server_.put(path("ipsecpolicies", "p"), policy(4, 300));
  EXPECT_TRUE(settle());
  EXPECT_EQ(objects().ipsec_policies.at("a/p").spec.sa_life_time_seconds, 300);
  server_.erase(path("ipsecpolicies", "p"));
  EXPECT_TRUE(settle());
  EXPECT_THAT(objects().ipsec_policies, IsEmpty());
  EXPECT_THAT(observer_.lost, Contains(api::ObjectKey{api::Kind::IpsecPolicy, "a", "p"}));
}

TEST_F(ApiObjectsTest, ASnapshotThatIsHeldDoesNotChange) {
  server_.put(path("ipsecpolicies", "p"), policy(1));
  server_.put(path("ipsecpolicies", "q"), policy(1));
  settle();
  auto held = objects_->snapshot();
  server_.put(path("ipsecpolicies", "p"), policy(2, 3600));
  server_.erase(path("ipsecpolicies", "q"));
  EXPECT_TRUE(settle());
  EXPECT_EQ(held->objects.ipsec_policies.at("a/p").spec.sa_life_time_seconds, 27000);
  EXPECT_TRUE(held->objects.ipsec_policies.contains("a/q"));
  EXPECT_EQ(objects().ipsec_policies.at("a/p").spec.sa_life_time_seconds, 3600);
  EXPECT_FALSE(objects().ipsec_policies.contains("a/q"));
  EXPECT_GT(objects_->snapshot()->revision, held->revision);

  // What nobody holds is changed in its place.
  held.reset();
  const auto* place = objects_->snapshot().get();
  const uint64_t revision = place->revision;
  server_.put(path("ipsecpolicies", "p"), policy(3, 7200));
  EXPECT_TRUE(settle());
  EXPECT_EQ(objects_->snapshot().get(), place);
  EXPECT_GT(place->revision, revision);
  EXPECT_EQ(objects().ipsec_policies.at("a/p").spec.sa_life_time_seconds, 7200);
}

TEST_F(ApiObjectsTest, TheVersionNeverFallsWithADeletion) {
  server_.put(path("ipsecpolicies", "p"), policy(1));
  server_.put(path("ipsecpolicies", "q"), policy(1));
  server_.erase(path("ipsecpolicies", "q"));
  // As after a restart: q was the newest, and is not there any more.
  settle();
  EXPECT_EQ(objects_->newest_resource_version(), server_.version());
}

TEST_F(ApiObjectsTest, AnotherObjectOfTheSameNameKeepsTheStatusSeenOfIt) {
  const api::ObjectKey key{api::Kind::IpsecPolicy, "a", "p"};
  server_.put(path("ipsecpolicies", "p"), policy(1));
  settle();
  // Deleted and made again while the watch was down: the list tells of the new one only.
  server_.erase(path("ipsecpolicies", "p"));
  auto made_again = policy(1);
  made_again["status"] = {{"observedGeneration", 1}};
  server_.put(path("ipsecpolicies", "p"), made_again);
  observer_.order.clear();
  server_.compact();
  network_.reset_watches();
  for (int i = 0; i < 200 && observer_.order.empty(); ++i) step(seconds(1));
  EXPECT_EQ(observer_.order, "gone saw ");
}

TEST_F(ApiObjectsTest, AnImpossibleNameIsPassedOver) {
  server_.put("/apis/hawser.dev/v1alpha1/namespaces/a/ipsecpolicies/..", policy(1));
  server_.put(path("ipsecpolicies", "p"), policy(1));
  settle();
  EXPECT_EQ(objects().ipsec_policies.size(), 1u);
  EXPECT_THAT(observer_.seen, SizeIs(1));
}

TEST_F(ApiObjectsTest, AStatusIsNoNewsOfTheObject) {
  server_.put(path("ipsecpolicies", "p"), policy(1));
  settle();
  auto object = policy(1);
  object["status"] = {{"observedGeneration", 1}};
  server_.put(path("ipsecpolicies", "p"), object);
  EXPECT_FALSE(settle());
  EXPECT_EQ(observer_.seen.at({api::Kind::IpsecPolicy, "a", "p"}), object["status"]);
}

TEST_F(ApiObjectsTest, AnObjectThatCannotBeReadStaysAsItWasLast) {
  server_.put(path("ipsecpolicies", "p"), policy(1));
  auto never = policy(1);
  never["spec"]["saLifeTimeSeconds"] = "long";
  server_.put(path("ipsecpolicies", "q"), never);
  settle();
  const store::Fault fault = objects_->snapshot()->broken.at({api::Kind::IpsecPolicy, "a", "q"});
  EXPECT_THAT(fault.message, HasSubstr("spec.saLifeTimeSeconds"));
  EXPECT_EQ(fault.uid, server_.find(path("ipsecpolicies", "q"))->at("metadata").at("uid"));
  EXPECT_EQ(fault.generation, 1);
  EXPECT_FALSE(objects().ipsec_policies.contains("a/q"));
  auto bad = policy(2);
  bad["spec"]["dhGroup"] = 14;
  server_.put(path("ipsecpolicies", "p"), bad);
  EXPECT_TRUE(settle());
  EXPECT_TRUE(objects_->snapshot()->broken.contains({api::Kind::IpsecPolicy, "a", "p"}));
  EXPECT_EQ(objects().ipsec_policies.at("a/p").spec.dh_group, "ECP384");
  EXPECT_THAT(objects_->take_notices(), Contains(Field(&store::Notice::text, HasSubstr("spec.dhGroup"))));
  server_.put(path("ipsecpolicies", "p"), policy(3));
  settle();
  EXPECT_FALSE(objects_->snapshot()->broken.contains({api::Kind::IpsecPolicy, "a", "p"}));
}

TEST_F(ApiObjectsTest, ReadsTheSecretsThatConnectionsNameAndNoOther) {
  server_.put(secret_path("psk"), secret("QXpzMTIz"));
  server_.put(secret_path("other"), secret("b3RoZXI="));
  server_.put(path("connections", "c"), connection("psk"));
  server_.put(path("connections", "d"), connection("psk"));
  EXPECT_TRUE(settle());
  ASSERT_EQ(objects().secrets.size(), 1u);
  EXPECT_TRUE(objects().secrets.at("a/psk").spec.values.at("psk") == SecretBytes(as_bytes("Azs123")));
  EXPECT_EQ(objects_->secret_watches(), 1u);
  for (const auto& request : network_.asked)
    if (request.path.find("secrets") != std::string::npos) {
      EXPECT_TRUE(request.path.ends_with("/psk") ||
                  std::ranges::find(request.query, std::pair<std::string, std::string>(
                                                       "fieldSelector", "metadata.name=psk")) !=
                      request.query.end())
          << request.path;
    }
  server_.put(secret_path("psk"), secret("bmV3"));
  EXPECT_TRUE(settle());
  EXPECT_TRUE(objects().secrets.at("a/psk").spec.values.at("psk") == SecretBytes(as_bytes("new")));
  server_.erase(path("connections", "c"));
  settle();
  EXPECT_EQ(objects_->secret_watches(), 1u);
  server_.put(path("connections", "d"), connection("other", 2));
  settle();
  EXPECT_EQ(objects_->secret_watches(), 1u);
  EXPECT_FALSE(objects().secrets.contains("a/psk"));
  EXPECT_TRUE(objects().secrets.contains("a/other"));
  server_.erase(path("connections", "d"));
  settle();
  EXPECT_EQ(objects_->secret_watches(), 0u);
  EXPECT_THAT(objects().secrets, IsEmpty());
}

TEST_F(ApiObjectsTest, TheFirstSnapshotHasItsSecrets) {
  server_.put(secret_path("psk"), secret("QXpzMTIz"));
  server_.put(path("connections", "c"), connection("psk"));
  for (int i = 0; i < 50 && !objects_->synced(); ++i) step(milliseconds(1));
  ASSERT_TRUE(objects_->synced());
  EXPECT_TRUE(objects().secrets.contains("a/psk"));
}

TEST_F(ApiObjectsTest, ASecretThatComesLateIsFound) {
  server_.put(path("connections", "c"), connection("psk"));
  settle();
  EXPECT_TRUE(objects_->synced());
  EXPECT_THAT(objects().secrets, IsEmpty());
  server_.put(secret_path("psk"), secret("QXpzMTIz"));
  EXPECT_TRUE(settle());
  EXPECT_TRUE(objects().secrets.contains("a/psk"));
  server_.erase(secret_path("psk"));
  EXPECT_TRUE(settle());
  EXPECT_THAT(objects().secrets, IsEmpty());
}

TEST_F(ApiObjectsTest, ASecretThatMayNotBeReadNamesTheChartsValue) {
  client_.forbidden = "/secrets";
  server_.put(secret_path("psk"), secret("QXpzMTIz"));
  server_.put(path("connections", "c"), connection("psk"));
  for (int i = 0; i < 50 && !objects_->synced(); ++i) step(milliseconds(100));
  ASSERT_TRUE(objects_->synced()) << objects_->trouble();
  const api::ObjectKey key{api::Kind::Secret, "a", "psk"};
  ASSERT_TRUE(objects_->snapshot()->unreadable.contains(key));
  EXPECT_THAT(objects_->snapshot()->unreadable.at(key), HasSubstr("rbac.secretNames"));
  client_.forbidden.clear();
  for (int i = 0; i < 200 && objects().secrets.empty(); ++i) step(seconds(1));
  EXPECT_TRUE(objects().secrets.contains("a/psk"));
  EXPECT_FALSE(objects_->snapshot()->unreadable.contains(key));
}

TEST_F(ApiObjectsTest, WatchesOnlyTheNamespacesThatAreNamed) {
  open({"a", "b"});
  server_.put(path("ipsecpolicies", "p", "a"), policy(1));
  server_.put(path("ipsecpolicies", "p", "b"), policy(1));
  server_.put(path("ipsecpolicies", "p", "c"), policy(1));
  settle();
  ASSERT_TRUE(objects_->synced());
  EXPECT_EQ(objects().ipsec_policies.size(), 2u);
  EXPECT_FALSE(objects().ipsec_policies.contains("c/p"));
}

TEST_F(ApiObjectsTest, AnotherObjectOfTheSameNameHasNothingOfTheFirst) {
  server_.put(path("ipsecpolicies", "p"), policy(1));
  settle();
  server_.erase(path("ipsecpolicies", "p"));
  auto bad = policy(1);
  bad["spec"]["dhGroup"] = 14;
  server_.put(path("ipsecpolicies", "p"), bad);
  settle();
  EXPECT_FALSE(objects().ipsec_policies.contains("a/p")) << "what was good was another object";
  EXPECT_TRUE(objects_->snapshot()->broken.contains({api::Kind::IpsecPolicy, "a", "p"}));
}

TEST_F(ApiObjectsTest, AnObjectThatIsBeingDeletedIsThereUntilItIsGone) {
  auto object = policy(1);
  settle();
  object["metadata"]["deletionTimestamp"] = "2026-11-23T20:00:00Z";
  object["metadata"]["finalizers"] = {"somebody/else"};
  server_.put(path("ipsecpolicies", "p"), object);
  settle();
  EXPECT_TRUE(objects().ipsec_policies.contains("a/p"));
}

TEST_F(ApiObjectsTest, ANameThatNoSecretCanHaveIsNotAskedFor) {
  server_.put(path("connections", "c"), connection("psk,metadata.name=other"));
  settle();
  EXPECT_TRUE(objects_->synced());
  EXPECT_EQ(objects_->secret_watches(), 0u);
}

}  // namespace
}  // namespace hawser::cluster
