#include "operator/kube/reflector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/kube/model_client.h"

namespace hawser::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

nlohmann::json thing(const std::string& name, const std::string& version) {
  return {{"metadata", {{"namespace", "a"}, {"name", name}, {"resourceVersion", version}}}};
}
nlohmann::json event(const std::string& type, nlohmann::json object) {
  return {{"type", type}, {"object", std::move(object)}};
}
nlohmann::json list_end(const std::string& version) {
  nlohmann::json object = {{"metadata", {{"resourceVersion", version}}}};
  object["metadata"]["annotations"]["k8s.io/initial-events-end"] = "true";
  return event("BOOKMARK", object);
}
nlohmann::json bookmark(const std::string& version) {
  return event("BOOKMARK", {{"metadata", {{"resourceVersion", version}}}});
}
nlohmann::json list(const std::string& version, std::vector<nlohmann::json> items,
                    const std::string& next = "") {
  nlohmann::json body = {{"kind", "ConnectionList"},
                         {"apiVersion", "hawser.dev/v1alpha1"},
                         {"metadata", {{"resourceVersion", version}}},
                         {"items", std::move(items)}};
  if (!next.empty()) body["metadata"]["continue"] = next;
  return body;
}
ApiError refused(int code, const std::string& reason) { return {code, reason, "because", {}, {}}; }

class ReflectorTest : public testing::Test {
 protected:
  void step(Duration after = {}) {
    now_ += after;
    reflector_.step(now_);
  }
  // "+a/x@3 -a/y", in order.
  std::string changes() {
    std::string text;
    for (const ObjectChange& change : reflector_.take_changes()) {
      if (!text.empty()) text += " ";
      text += change.type == ObjectChange::Type::Delete
                  ? "-" + change.key
                  : "+" + change.key + "@" + change.object["metadata"]["resourceVersion"].get<std::string>();
    }
    return text;
  }
  void stream(std::vector<nlohmann::json> events) {
    client_.events(std::move(events));
    step();
  }
  // Runs to the next deadline, which must be this far away.
  void wait_between(Duration low, Duration high) {
    ASSERT_TRUE(reflector_.next_deadline());
    const Duration wait = *reflector_.next_deadline() - now_;
    EXPECT_GE(wait, low);
    EXPECT_LE(wait, high);
    step(wait);
  }
  void sync(const std::string& version = "10") {
    step();
    stream({event("ADDED", thing("x", "3")), list_end(version)});
    changes();
  }
  void expect_watch_from(const std::string& version) {
    EXPECT_TRUE(client_.last().is_watch);
    EXPECT_EQ(client_.last().query("resourceVersion"), version);
    EXPECT_EQ(client_.last().query("sendInitialEvents"), "(none)");
    EXPECT_EQ(client_.open(), 1u);
  }

  ScriptedClient client_;
  SeededJitter jitter_{1};
  TimePoint now_{seconds(50)};
  Reflector reflector_{client_, {"/apis/hawser.dev/v1alpha1/connections", "", "app=x"}, jitter_};
};

TEST_F(ReflectorTest, StreamsTheListAndGoesOnWatchingOnTheSameStream) {
  step();
  ASSERT_EQ(client_.all.size(), 1u);
  EXPECT_EQ(client_.last().query("sendInitialEvents"), "true");
  EXPECT_EQ(client_.last().query("resourceVersionMatch"), "NotOlderThan");
  EXPECT_EQ(client_.last().query("allowWatchBookmarks"), "true");
  EXPECT_EQ(client_.last().query("resourceVersion"), "(none)");
  EXPECT_EQ(client_.last().query("labelSelector"), "app=x");
  const int64_t lifetime = std::stoll(client_.last().query("timeoutSeconds"));
  EXPECT_GE(lifetime, 300);
  EXPECT_LE(lifetime, 600);
  stream({event("ADDED", thing("x", "9"))});
  EXPECT_EQ(changes(), "") << "half a list means nothing";
  EXPECT_FALSE(reflector_.synced());
  stream({event("ADDED", thing("y", "4")), list_end("10"), event("MODIFIED", thing("y", "11"))});
  EXPECT_FALSE(reflector_.synced()) << "handed out is what counts";
  EXPECT_EQ(changes(), "+a/x@9 +a/y@4 +a/y@11");
  EXPECT_TRUE(reflector_.synced());
  EXPECT_EQ(client_.all.size(), 1u);
}

TEST_F(ReflectorTest, AServerWithoutStreamingIsListed) {
  step();
  client_.end(refused(422, "Invalid"));
  step();
  EXPECT_FALSE(client_.last().is_watch);
  EXPECT_EQ(client_.last().query("resourceVersion"), "0");
  EXPECT_EQ(client_.last().query("limit"), "(none)");
  client_.answer(list("10", {thing("x", "9")}));
  step();
  expect_watch_from("10");
  auto handed_out = reflector_.take_changes();
  ASSERT_EQ(handed_out.size(), 1u);
  EXPECT_EQ(handed_out[0].object["kind"], "Connection") << "items do not say what they are";
  EXPECT_EQ(handed_out[0].object["apiVersion"], "hawser.dev/v1alpha1");
  // A relist does not ask for streaming again.
  client_.events({event("ERROR", {{"code", 410}, {"reason", "Expired"}})});
  step();
  step(seconds(2));
  EXPECT_FALSE(client_.last().is_watch);
  EXPECT_EQ(client_.last().query("resourceVersion"), "10");
}

class OneObjectTest : public ReflectorTest {
 protected:
  static constexpr const char* kPath = "/api/v1/namespaces/a/secrets";
  void one(Duration after = {}) {
    now_ += after;
    secret_.step(now_);
  }
  std::string handed_out() {
    std::string text;
    for (const ObjectChange& change : secret_.take_changes())
      text += (change.type == ObjectChange::Type::Delete ? "-" : "+") + change.key + " ";
    return text;
  }
  // Whoever may not list: what is asked is a GET of the name or a watch of it.
  void expect_rights() {
    for (const auto& exchange : client_.all) {
      if (exchange->is_watch) {
        EXPECT_EQ(exchange->request.path, kPath);
        EXPECT_EQ(exchange->query("fieldSelector"), "metadata.name=x");
        EXPECT_EQ(exchange->query("sendInitialEvents"), "(none)");
      } else {
        EXPECT_EQ(exchange->request.path, std::string(kPath) + "/x");
      }
    }
  }
  // It is there at this version, and known to be.
  void confirm(const std::string& version) {
    one();
    client_.events({});
    one();
    client_.answer(thing("x", version));
    one();
    EXPECT_EQ(handed_out(), "+a/x ");
    EXPECT_TRUE(secret_.synced());
  }
  Reflector secret_{client_, {kPath, "x", ""}, jitter_};
};

// The watch comes first, so that nothing falls between it and the GET.
TEST_F(OneObjectTest, IsWatchedFromNowAndThenRead) {
  one();
  ASSERT_TRUE(client_.last().is_watch);
  EXPECT_EQ(client_.last().query("resourceVersion"), "(none)") << "its own version may be compacted";
  client_.events({});
  one();
  ASSERT_FALSE(client_.last().is_watch);
  client_.all[0]->pieces({{event("ADDED", thing("x", "7"))}, false, std::nullopt});
  one();
  EXPECT_FALSE(secret_.synced());
  EXPECT_EQ(handed_out(), "") << "as long as a permission may be missing";
  client_.answer(thing("x", "7"));
  one();
  EXPECT_EQ(handed_out(), "+a/x ") << "once";
  EXPECT_TRUE(secret_.synced());
  client_.all[0]->pieces(
      {{event("MODIFIED", thing("x", "9")), event("DELETED", thing("x", "11"))}, false, {}});
  one();
  EXPECT_EQ(handed_out(), "+a/x -a/x ");
  client_.all[0]->pieces({{}, true, std::nullopt});
  one(seconds(300));
  EXPECT_TRUE(client_.last().is_watch);
  EXPECT_EQ(client_.last().query("resourceVersion"), "(none)");
  expect_rights();
}

TEST_F(OneObjectTest, ThatIsNotThereIsKnownToBeAbsentAndWaitedFor) {
  one();
  client_.events({});
  one();
  client_.fail(refused(404, "NotFound"));
  one();
  EXPECT_EQ(handed_out(), "");
  EXPECT_TRUE(secret_.synced()) << "its absence is known";
  EXPECT_EQ(secret_.trouble(), "");
  client_.all[0]->pieces({{event("ADDED", thing("x", "8"))}, false, {}});
  one();
  EXPECT_EQ(handed_out(), "+a/x ");
  expect_rights();
}

TEST_F(OneObjectTest, ThatWasDeletedWhileNobodyWatchedIsFoundGone) {
  confirm("7");
  client_.all[0]->pieces({{event("ERROR", {{"code", 410}, {"reason", "Expired"}})}, false, {}});
  one();
  one(seconds(2));
  client_.events({});
  one();
  client_.fail(refused(404, "NotFound"));
  one();
  EXPECT_EQ(handed_out(), "-a/x ");
  expect_rights();
}

// What the watch tells while the GET is under way is newer than its answer, or as new.
TEST_F(OneObjectTest, AnAnswerThatTheWatchHasOvertakenIsAskedForAgain) {
  for (bool absent : {true, false}) {
    ScriptedClient client;
    Reflector reflector(client, {kPath, "x", ""}, jitter_);
    reflector.step(now_);
    client.events({});
    reflector.step(now_);
    client.all[0]->pieces({{event("ADDED", thing("x", "20"))}, false, {}});
    reflector.step(now_);
    if (absent) {
      client.fail(refused(404, "NotFound"));
    } else {
      client.answer(thing("x", "7"));
    }
    reflector.step(now_);
    EXPECT_FALSE(reflector.synced());
    ASSERT_EQ(client.all.size(), 3u);
    client.answer(thing("x", "20"));
    reflector.step(now_);
    ASSERT_EQ(reflector.take_changes().size(), 1u);
    EXPECT_TRUE(reflector.synced());
  }
}

TEST_F(OneObjectTest, AServerPutBackByABackupIsBelieved) {
  confirm("700");
  client_.all[0]->pieces({{}, true, refused(0, "")});
  one();
  one(seconds(2));
  client_.events({event("ADDED", thing("x", "30"))});
  one();
  client_.answer(thing("x", "30"));
  one();
  EXPECT_EQ(handed_out(), "+a/x ");
}

TEST_F(OneObjectTest, ThatIsForbiddenIsTriedAgainAndSaysWhatToGrant) {
  one();
  client_.events({});
  one();
  client_.fail(refused(403, "Forbidden"));
  one();
  EXPECT_THAT(secret_.trouble(), HasSubstr("forbidden to get and watch /api/v1/namespaces/a/secrets/x"));
  EXPECT_FALSE(secret_.synced());
  one(seconds(2));
  client_.events({});
  one();
  EXPECT_NE(secret_.trouble(), "") << "a watch alone is not enough";
  client_.answer(thing("x", "7"));
  one();
  EXPECT_EQ(secret_.trouble(), "");
  EXPECT_EQ(handed_out(), "+a/x ");
  // A watch that is refused, whatever the cause, never ends in a list.
  client_.all[2]->pieces({{}, true, refused(0, "")});
  for (int code : {403, 500, 503, 0, 422}) {
    one();
    one(seconds(60));
    client_.refuse(refused(code, ""));
    one();
  }
  expect_rights();
}

TEST_F(OneObjectTest, AnAnswerThatIsAnotherThingIsAnError) {
  for (const char* body :
       {"null", "[]", "{}", R"({"metadata":{"name":"y","namespace":"a","resourceVersion":"3"}})",
        R"({"metadata":{"name":"x","namespace":"a"}})"}) {
    ScriptedClient client;
    Reflector reflector(client, {kPath, "x", ""}, jitter_);
    reflector.step(now_);
    client.events({});
    reflector.step(now_);
    client.answer(nlohmann::json::parse(body));
    reflector.step(now_);
    EXPECT_THAT(reflector.trouble(), HasSubstr("not that object")) << body;
    EXPECT_THAT(reflector.take_changes(), IsEmpty());
    EXPECT_FALSE(reflector.synced());
  }
}

TEST_F(ReflectorTest, AServerThatIgnoresStreamingIsListed) {
  step();
  client_.events({event("ADDED", thing("x", "9"))});
  step();
  wait_between(seconds(10), seconds(10));
  EXPECT_THAT(reflector_.trouble(), HasSubstr("has not come to its end"));
  wait_between(seconds(20), seconds(20));
  EXPECT_FALSE(client_.last().is_watch);
  EXPECT_EQ(client_.open(), 1u);
}

TEST_F(ReflectorTest, TheNewestStateIsReadInPages) {
  step();
  client_.end(refused(422, "Invalid"));
  step();
  client_.fail(refused(410, "Expired"));
  step();
  EXPECT_EQ(client_.last().query("limit"), "500");
  EXPECT_EQ(client_.last().query("resourceVersion"), "(none)");
  client_.answer(list("10", {thing("x", "3")}, "more"));
  step();
  EXPECT_EQ(client_.last().query("continue"), "more");
  EXPECT_EQ(changes(), "");
  client_.answer(list("10", {thing("y", "4")}));
  step();
  EXPECT_EQ(changes(), "+a/x@3 +a/y@4");
  expect_watch_from("10");
}

TEST_F(ReflectorTest, AfterTheEndOfAWatchItGoesOnWhereItWas) {
  sync();
  stream({event("MODIFIED", thing("x", "12")), bookmark("20")});
  client_.end();
  step();
  expect_watch_from("20");
  EXPECT_EQ(reflector_.relists(), 0u);
  EXPECT_EQ(reflector_.trouble(), "");
}

TEST_F(ReflectorTest, ABrokenWatchGoesOnWhereItWas) {
  sync();
  stream({event("MODIFIED", thing("x", "12"))});
  client_.end(refused(0, ""));
  step();
  expect_watch_from("12");
  // This one breaks without news: it waits before it tries again.
  client_.end(refused(0, ""));
  step();
  EXPECT_EQ(client_.open(), 0u);
  EXPECT_THAT(reflector_.trouble(), HasSubstr("no answer"));
  wait_between(milliseconds(800), milliseconds(1600));
  expect_watch_from("12");
  client_.events({});
  step();
  EXPECT_EQ(reflector_.trouble(), "") << "the server has accepted the watch";
}

TEST_F(ReflectorTest, AnIdleWatchIsOpenedAgainAndCounted) {
  sync();
  client_.end();
  step();
  stream({});
  step(seconds(90));
  client_.end(refused(0, "Idle"));
  step();
  expect_watch_from("10");
  EXPECT_EQ(reflector_.idle_ends(), 1u);
  EXPECT_EQ(reflector_.trouble(), "");
}

TEST_F(ReflectorTest, AServerThatNeverAnswersAWatchIsTrouble) {
  sync();
  client_.end();
  step();
  step(seconds(90));
  client_.end(refused(0, "Idle"));
  step();
  EXPECT_NE(reflector_.trouble(), "");
  wait_between(milliseconds(800), milliseconds(1600));
  expect_watch_from("10");
}

TEST_F(ReflectorTest, AWatchThatEndsAtOnceWaits) {
  sync();
  client_.end();
  step();
  expect_watch_from("10");
  client_.end();
  step(milliseconds(100));
  EXPECT_EQ(client_.open(), 0u);
  wait_between(milliseconds(800), milliseconds(1600));
  expect_watch_from("10");
}

TEST_F(ReflectorTest, AnExpiredVersionIsListedAgainAndDeletionsAreFound) {
  sync();
  stream({event("ADDED", thing("y", "11"))});
  changes();
  stream({event("ERROR", {{"code", 410}, {"reason", "Expired"}})});
  wait_between(milliseconds(800), milliseconds(1600));
  EXPECT_EQ(client_.last().query("resourceVersion"), "11");
  EXPECT_EQ(client_.last().query("sendInitialEvents"), "true");
  stream({event("ADDED", thing("y", "11")), list_end("30")});
  EXPECT_EQ(changes(), "-a/x");
  EXPECT_EQ(reflector_.relists(), 1u);
}

TEST_F(ReflectorTest, AListThatIsTooOldOrTooNewIsAskedAtOnceForTheNewest) {
  ApiError too_large = refused(504, "Timeout");
  too_large.causes.push_back({"ResourceVersionTooLarge", "", ""});
  for (const ApiError& error : {refused(410, "Expired"), too_large}) {
    ScriptedClient client;
    Reflector reflector(client, {"/x", "", ""}, jitter_);
    reflector.step(now_);
    client.events({list_end("100")});
    reflector.step(now_);
    client.end(refused(410, "Expired"));
    reflector.step(now_);
    reflector.step(now_ + seconds(2));
    EXPECT_EQ(client.last().query("resourceVersion"), "100");
    client.end(error);
    reflector.step(now_ + seconds(2));
    EXPECT_EQ(client.last().query("resourceVersion"), "(none)");
    EXPECT_EQ(client.open(), 1u);
    client.end(error);
    reflector.step(now_ + seconds(2));
    EXPECT_EQ(client.open(), 0u) << "at once only once";
  }
}

TEST_F(ReflectorTest, TooManyRequestsKeepsTheVersionAndWaitsAsLongAsAsked) {
  sync();
  ApiError slow_down = refused(429, "TooManyRequests");
  slow_down.retry_after = seconds(7);
  client_.end(slow_down);
  step();
  wait_between(seconds(7), seconds(7));
  expect_watch_from("10");
}

TEST_F(ReflectorTest, InternalErrorsAreTriedThreeTimesThenListed) {
  sync();
  for (int i = 0; i < 3; ++i) {
    stream({event("ERROR", {{"code", 500}, {"reason", "InternalError"}})});
    wait_between(milliseconds(800), seconds(10));
    expect_watch_from("10");
  }
  stream({event("ERROR", nullptr)});
  wait_between(milliseconds(800), seconds(20));
  EXPECT_EQ(client_.last().query("sendInitialEvents"), "true");
}

TEST_F(ReflectorTest, AMissingKindIsNamedAskedForEveryFewSecondsAndSoonReadOnceItIsThere) {
  step();
  for (int i = 0; i < 10; ++i) {
    client_.end(refused(404, "NotFound"));
    step();
    EXPECT_THAT(reflector_.trouble(), HasSubstr("install its CustomResourceDefinition"));
    wait_between(milliseconds(800), seconds(5));
    EXPECT_EQ(client_.open(), 1u);
  }
  // So a server answers that has just made the kind ("storage is (re)initializing").
  client_.end(refused(429, "TooManyRequests"));
  step();
  wait_between(milliseconds(800), seconds(10));
  stream({list_end("10")});
  EXPECT_EQ(reflector_.trouble(), "");
  changes();
  EXPECT_TRUE(reflector_.synced());
}

TEST_F(ReflectorTest, WhatWasHandedOutStaysWhenTheKindIsGoneOrForbidden) {
  sync();
  for (int code : {403, 404, 500, 410, 404}) {
    client_.refuse(refused(code, ""));
    step();
    step(seconds(60));
    EXPECT_EQ(client_.open(), 1u) << "after " << code;
  }
  client_.refuse(refused(403, "Forbidden"));
  step();
  EXPECT_THAT(reflector_.trouble(),
              HasSubstr("forbidden to list and watch /apis/hawser.dev/v1alpha1/connections"));
  EXPECT_EQ(changes(), "");
}

TEST_F(ReflectorTest, AListThatBreaksThreeTimesIsReadInOnePiece) {
  step();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(client_.last().is_watch);
    client_.events({event("ADDED", thing("x", "3"))});
    client_.end(refused(0, ""));
    step();
    EXPECT_EQ(changes(), "");
    step(seconds(60));
  }
  EXPECT_FALSE(client_.last().is_watch);
}

TEST_F(ReflectorTest, AStaleListIsNotTaken) {
  sync("100");
  client_.end(refused(410, "Expired"));
  step();
  step(seconds(2));
  stream({list_end("99")});
  EXPECT_EQ(changes(), "") << "nothing is gone";
  EXPECT_EQ(client_.last().query("resourceVersion"), "(none)");
  stream({event("ADDED", thing("x", "3")), list_end("100")});
  EXPECT_EQ(changes(), "");
}

TEST_F(ReflectorTest, ServersThatBabbleDoNotDisturb) {
  sync();
  stream({nullptr, 3, "x", nlohmann::json::array(), event("WHATEVER", thing("z", "11")),
          event("ADDED", nullptr), event("ADDED", {{"kind", "Table"}}),
          event("DELETED", thing("nobody", "12")), event("BOOKMARK", nullptr)});
  EXPECT_EQ(changes(), "");
  stream({event("MODIFIED", thing("x", "13"))});
  EXPECT_EQ(changes(), "+a/x@13");
  client_.end(refused(500, ""));
  step();
}

TEST_F(ReflectorTest, AListWithANamelessItemLosesNothing) {
  sync();
  client_.end(refused(410, "Expired"));
  step();
  step(seconds(2));
  client_.end(refused(500, ""));
  step();
  step(seconds(2));
  ASSERT_FALSE(client_.last().is_watch);
  client_.answer(list("20", {{{"metadata", {{"resourceVersion", "3"}}}}}));
  step();
  EXPECT_EQ(changes(), "") << "x is not gone";
  EXPECT_THAT(reflector_.trouble(), HasSubstr("no name"));
}

TEST_F(ReflectorTest, WhoMayNotListGoesOnAskingForAStream) {
  step();
  client_.end(refused(500, ""));
  step();
  ASSERT_FALSE(client_.last().is_watch);
  client_.fail(refused(403, "Forbidden"));
  step();
  step(seconds(2));
  EXPECT_TRUE(client_.last().is_watch);
}

TEST_F(ReflectorTest, AnswersThatAreNoListAreAnError) {
  for (const char* body : {"null", "{}", "[]", R"({"kind":"ConnectionList","items":[]})",
                           R"({"kind":"ConnectionList","metadata":{"resourceVersion":"3"}})",
                           R"({"kind":"ConnectionList","metadata":{"resourceVersion":"3"},"items":"x"})",
                           R"({"kind":"Table","metadata":{"resourceVersion":"3"},"items":[]})"}) {
    ScriptedClient client;
    Reflector reflector(client, {"/x", "", ""}, jitter_);
    reflector.step(now_);
    client.end(refused(400, "BadRequest"));
    reflector.step(now_);
    client.answer(nlohmann::json::parse(body));
    reflector.step(now_);
    EXPECT_THAT(reflector.trouble(), HasSubstr("no list")) << body;
    EXPECT_THAT(reflector.take_changes(), IsEmpty());
    EXPECT_FALSE(reflector.synced()) << body;
  }
}

TEST_F(ReflectorTest, TheWaitGrowsTo60SecondsAndFallsBackAfterTwoGoodMinutes) {
  step();
  Duration longest{};
  for (int i = 0; i < 12; ++i) {
    client_.end(refused(429, ""));
    step();
    longest = std::max(longest, *reflector_.next_deadline() - now_);
    step(*reflector_.next_deadline() - now_);
  }
  EXPECT_GE(longest, seconds(30));
  EXPECT_LE(longest, seconds(60));
  stream({list_end("10")});
  step(seconds(121));
  client_.end(refused(429, ""));
  step();
  wait_between(milliseconds(800), milliseconds(1600));
}

}  // namespace
}  // namespace hawser::kube
