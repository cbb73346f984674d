#include "operator/cluster/api_statuses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/api/codec.h"
#include "tests/unit/operator/cluster/status_server.h"
#include "tests/unit/operator/store/status_samples.h"

namespace hawser::cluster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using store::full_status;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class ApiStatusesTest : public ::testing::Test {
 protected:
  static std::string path_of(const api::ObjectKey& key) {
    return "/apis/hawser.dev/v1alpha1/namespaces/" + key.namespace_ + "/connections/" + key.name + "/status";
  }
  static nlohmann::json json_of(const api::Status& status) { return api::status_to_json(status); }
  // An object that the reflectors told of.
  api::ObjectKey create(const std::string& name, const std::optional<api::Status>& status = {}) {
    const api::ObjectKey key = store::connection_key(name);
    server_.put(path_of(key), status ? json_of(*status) : nlohmann::json());
    tell(key);
    return key;
  }
  void tell(const api::ObjectKey& key) {
    const auto& stored = server_.stored.at(path_of(key));
    statuses_.saw(key, stored.resource_version, stored.status);
  }
  bool write(const api::ObjectKey& key, const api::Status& status) {
    api::ObjectMeta meta;
    meta.uid = "u-" + key.name;
    return statuses_.write(key, meta, status).value();
  }
  void step(Duration after = {}) {
    now_ += after;
    server_.step(now_);
    statuses_.step(now_);
  }
  static api::Status on(const std::string& node) {
    api::Status status = full_status();
    status.node = node;
    return status;
  }
  nlohmann::json stored(const api::ObjectKey& key) { return server_.stored.at(path_of(key)).status; }

  TimePoint now_{seconds(1000)};
  StatusServer server_;
  ApiStatuses statuses_{server_};
};

TEST_F(ApiStatusesTest, AppliesToTheStatusOfThatVeryObject) {
  const auto key = create("a");
  EXPECT_TRUE(write(key, full_status()));
  step();
  ASSERT_THAT(server_.asked, SizeIs(1));
  const kube::ApiRequest& request = server_.asked[0];
  EXPECT_EQ(request.method, kube::HttpMethod::Patch);
  EXPECT_EQ(request.path, "/apis/hawser.dev/v1alpha1/namespaces/default/connections/a/status");
  EXPECT_THAT(request.query, Contains(Pair("fieldManager", "hawser-operator-status")));
  EXPECT_THAT(request.query, Contains(Pair("force", "true")));
  EXPECT_EQ(request.content_type, "application/apply-patch+yaml");
  const auto body = nlohmann::json::parse(request.body);
  EXPECT_EQ(body["kind"], "Connection");
  EXPECT_EQ(body["metadata"]["uid"], "u-a");
  EXPECT_FALSE(body.contains("spec"));
  EXPECT_FALSE(statuses_.idle());
  step();
  EXPECT_TRUE(statuses_.idle());
  EXPECT_EQ(stored(key), json_of(full_status()));
  EXPECT_EQ(statuses_.statuses().at(key), full_status());
}

TEST_F(ApiStatusesTest, NeverWritesWhatIsThere) {
  const auto key = create("a", full_status());
  EXPECT_EQ(statuses_.statuses().at(key), full_status());
  EXPECT_FALSE(write(key, full_status()));
  step();
  EXPECT_TRUE(write(key, on("b")));
  EXPECT_FALSE(write(key, on("b"))) << "it is on its way";
  step();
  step();
  tell(key);
  EXPECT_FALSE(write(key, on("b")));
  step();
  EXPECT_THAT(server_.asked, SizeIs(1));
}

TEST_F(ApiStatusesTest, TheDefaultOfANewObjectIsNoStatus) {
  const api::ObjectKey key = store::connection_key("a");
  const nlohmann::json ready = {{"type", "Ready"},
                                {"status", "Unknown"},
                                {"lastTransitionTime", "1970-01-01T00:00:00Z"},
                                {"reason", "Pending"},
                                {"message", "The operator has not looked at it yet"}};
  server_.put(path_of(key), {{"conditions", {ready}}});
  tell(key);
  EXPECT_THAT(statuses_.statuses(), IsEmpty()) << "its time would be taken for that of a transition";
  EXPECT_TRUE(write(key, full_status()));
  step();
  step();
  EXPECT_EQ(stored(key), json_of(full_status()));
}

TEST_F(ApiStatusesTest, WhatAServerWithOlderCrdsDropsIsNotWrittenAgain) {
  const auto key = create("a");
  server_.dropped = "node";
  EXPECT_TRUE(write(key, full_status()));
  step();
  step();
  EXPECT_FALSE(stored(key).contains("node"));
  tell(key);
  EXPECT_FALSE(write(key, full_status()));
  for (int i = 0; i < 5; ++i) step(seconds(10));
  EXPECT_THAT(server_.asked, SizeIs(1));
  EXPECT_EQ(statuses_.statuses().at(key), full_status());
}

TEST_F(ApiStatusesTest, WhatIsWantedWhileAnotherIsRefusedIsSent) {
  const auto key = create("a");
  server_.answers = false;
  write(key, on("b"));
  step();
  write(key, on("c"));
  server_.failures = {422};
  server_.answers = true;
  for (int i = 0; i < 4; ++i) step(seconds(1));
  EXPECT_EQ(stored(key)["node"], "c");
  EXPECT_TRUE(statuses_.idle());
}

TEST_F(ApiStatusesTest, AMissingPermissionIsToldAsLongAsSomethingNeedsIt) {
  const auto key = create("a");
  const auto other = create("b");
  server_.failures = {403};
  write(key, full_status());
  step();
  step();
  ASSERT_THAT(statuses_.trouble(), HasSubstr("forbidden to write statuses"));
  write(other, full_status());
  step();
  step();
  EXPECT_EQ(stored(other), json_of(full_status()));
  EXPECT_THAT(statuses_.trouble(), HasSubstr("forbidden to write statuses")) << "of the first it still holds";
  statuses_.gone(key);
  EXPECT_EQ(statuses_.trouble(), "");
}

TEST_F(ApiStatusesTest, AMissingPermissionIsToldUntilItIsGiven) {
  const auto key = create("a");
  server_.failures = {403};
  write(key, full_status());
  step();
  step();
  EXPECT_THAT(statuses_.trouble(), HasSubstr("forbidden to write statuses"));
  for (int i = 0; i < 4; ++i) step(seconds(60));
  EXPECT_EQ(statuses_.trouble(), "");
  EXPECT_EQ(stored(key), json_of(full_status()));
}

TEST_F(ApiStatusesTest, WhatChangesBackBeforeItIsSentIsNotSent) {
  const auto key = create("a", full_status());
  EXPECT_TRUE(write(key, on("b")));
  EXPECT_FALSE(write(key, full_status()));
  step();
  EXPECT_THAT(server_.asked, IsEmpty());
  EXPECT_TRUE(statuses_.idle());
}

TEST_F(ApiStatusesTest, WhatChangesWhileItIsSentIsSentAgain) {
  const auto key = create("a");
  server_.answers = false;
  write(key, on("b"));
  step();
  write(key, on("c"));
  step();
  EXPECT_THAT(server_.asked, SizeIs(1)) << "one at a time";
  server_.answers = true;
  step();
  step();
  EXPECT_THAT(server_.asked, SizeIs(2));
  EXPECT_EQ(stored(key)["node"], "c");
  EXPECT_TRUE(statuses_.idle());
}

TEST_F(ApiStatusesTest, AtMostSixteenAreUnderWay) {
  server_.answers = false;
  for (int i = 0; i < 40; ++i) write(create("c" + std::to_string(i)), full_status());
  step();
  EXPECT_EQ(server_.under_way(), ApiStatuses::kInFlight);
  server_.answers = true;
  for (int i = 0; i < 4; ++i) step();
  EXPECT_TRUE(statuses_.idle());
  EXPECT_EQ(server_.under_way(), 0u);
  EXPECT_THAT(server_.asked, SizeIs(40));
}

TEST_F(ApiStatusesTest, WhatSomebodyElseWritesIsPutRight) {
  const auto key = create("a");
  write(key, full_status());
  step();
  step();
  server_.put(path_of(key), json_of(on("elsewhere")));
  tell(key);
  step();
  step();
  EXPECT_EQ(stored(key), json_of(full_status()));
}

TEST_F(ApiStatusesTest, WhoStandsByTakesWhatTheLeaderWrites) {
  const auto key = create("a", full_status());
  server_.put(path_of(key), json_of(on("b")));
  tell(key);
  step();
  EXPECT_THAT(server_.asked, IsEmpty());
  EXPECT_EQ(statuses_.statuses().at(key).node, "b");
}

TEST_F(ApiStatusesTest, ALateEventOfAnOldStateIsPassedOver) {
  const auto key = create("a");
  write(key, on("b"));
  step();
  step();
  const auto old = server_.stored.at(path_of(key));
  write(key, on("c"));
  step();
  step();
  statuses_.saw(key, old.resource_version, old.status);
  step();
  EXPECT_THAT(server_.asked, SizeIs(2));
  EXPECT_EQ(statuses_.statuses().at(key).node, "c");
}

TEST_F(ApiStatusesTest, ConflictsAndServerErrorsAreTriedAgainLaterAndLater) {
  const auto key = create("a");
  server_.failures = {409, 503, 0 - 1, 500};
  write(key, full_status());
  step();
  step();
  EXPECT_THAT(server_.asked, SizeIs(1)) << "not at once";
  EXPECT_EQ(statuses_.next_deadline(), now_ + milliseconds(50));
  step(milliseconds(50));
  step();
  EXPECT_EQ(statuses_.next_deadline(), now_ + milliseconds(100));
  for (int i = 0; i < 8; ++i) step(seconds(2));
  EXPECT_TRUE(statuses_.idle());
  EXPECT_THAT(server_.asked, SizeIs(5));
  EXPECT_EQ(stored(key), json_of(full_status()));
  EXPECT_THAT(
      statuses_.take_notices(),
      Contains(Field(&store::Notice::text, HasSubstr("cannot write the status of Connection default/a"))));
}

TEST_F(ApiStatusesTest, WhatTheServerRefusesIsToldOnceAndNotTriedAgain) {
  const auto key = create("a");
  server_.failures = {422};
  write(key, on("b"));
  step();
  step(seconds(5));
  EXPECT_THAT(statuses_.take_notices(), Contains(Field(&store::Notice::text, HasSubstr("422"))));
  EXPECT_FALSE(write(key, on("b")));
  step(seconds(100));
  EXPECT_THAT(server_.asked, SizeIs(1));
  EXPECT_TRUE(write(key, on("c")));
  step();
  step();
  EXPECT_EQ(stored(key)["node"], "c");
}

TEST_F(ApiStatusesTest, OfWhatIsGoneNothingIsWritten) {
  const auto key = create("a");
  server_.stored.erase(path_of(key));
  write(key, full_status());
  step();
  step(seconds(10));
  step();
  EXPECT_THAT(server_.asked, SizeIs(1));
  EXPECT_TRUE(statuses_.idle());
  const auto other = create("b");
  write(other, full_status());
  statuses_.gone(other);
  step();
  EXPECT_THAT(server_.asked, SizeIs(1));
  EXPECT_THAT(statuses_.statuses(), IsEmpty());
}

TEST_F(ApiStatusesTest, WhoMayNotActSendsNothing) {
  const auto key = create("a");
  write(key, full_status());
  statuses_.step(now_, [] { return false; });
  EXPECT_THAT(server_.asked, IsEmpty());
  statuses_.step(now_, [] { return true; });
  EXPECT_THAT(server_.asked, SizeIs(1));
}

TEST_F(ApiStatusesTest, AStatusOfAnotherVersionCountsAsNone) {
  const auto key = store::connection_key("a");
  server_.put(path_of(key), nlohmann::json::parse(R"({"conditions": [{"type": "Shiny"}]})"));
  tell(key);
  EXPECT_THAT(statuses_.statuses(), IsEmpty());
  EXPECT_TRUE(write(key, full_status()));
}

}  // namespace
}  // namespace hawser::cluster
