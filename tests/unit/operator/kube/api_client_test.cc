#include "operator/kube/api_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/kube/scripted_transport.h"

namespace hawser::kube {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ApiClientTest : public ::testing::Test {
 protected:
  void step(Duration later = {}) { client_->step(now_ += later); }
  std::unique_ptr<Client::Call> call(ApiRequest request) {
    auto handle = client_->call(std::move(request), [this](ApiAnswer answer) { answers_.push_back(answer); });
    step();
    return handle;
  }
  std::unique_ptr<Client::Call> watch(ApiRequest request = {.path = "/api/v1/pods"}) {
    auto handle = client_->watch(std::move(request), [this](WatchPiece piece) {
      if (piece.events.empty() && !piece.end) {
        ++accepted_;
      } else {
        pieces_.push_back(piece);
      }
    });
    step();
    return handle;
  }

  TimePoint now_{1000s};
  testing::ScriptedTransport transport_;
  std::unique_ptr<Credentials> credentials_ = no_credentials();
  int wakes_ = 0;
  std::unique_ptr<Client> client_ =
      make_client(transport_, *credentials_,
                  {.user_agent = "hawser-test/1", .max_answer = 1000, .max_line = 100}, [this] { ++wakes_; });
  std::vector<ApiAnswer> answers_;
  std::vector<WatchPiece> pieces_;
  int accepted_ = 0;  // empty pieces: the server has accepted a watch
};

TEST_F(ApiClientTest, SendsWhatItIsToldAndBringsTheAnswerInStep) {
  auto handle = call({.method = HttpMethod::Patch,
                      .path = "/apis/hawser.dev/v1alpha1/namespaces/a/connections/b/status",
                      .query = {{"fieldManager", "a b&c"}, {"force", "true"}},
                      .content_type = "application/apply-patch+yaml",
                      .body = "{}"});
  ASSERT_EQ(transport_.count(), 1u);
  const HttpRequest& sent = transport_.at(0).request();
  EXPECT_EQ(
      transport_.at(0).target(),
      "PATCH /apis/hawser.dev/v1alpha1/namespaces/a/connections/b/status?fieldManager=a%20b%26c&force=true");
  EXPECT_EQ(sent.headers.at("Content-Type"), "application/apply-patch+yaml");
  EXPECT_EQ(sent.headers.at("User-Agent"), "hawser-test/1");
  EXPECT_FALSE(sent.headers.contains("Authorization"));
  EXPECT_EQ(sent.body, "{}");
  transport_.at(0).answer(200, R"({"kind":"Connection"})");
  EXPECT_EQ(wakes_, 1) << "one ring for all that came";
  EXPECT_THAT(answers_, IsEmpty());
  step();
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_FALSE(answers_[0].error.has_value());
  EXPECT_EQ(answers_[0].body["kind"], "Connection");
}

TEST_F(ApiClientTest, EscapesAPathThatHoldsMoreThanNames) {
  auto handle = call({.path = "/a b/ä?#%"});
  EXPECT_EQ(transport_.at(0).target(), "GET /a%20b/%C3%A4%3F%23%25");
}

TEST_F(ApiClientTest, CountsEveryAttemptByMethodAndStatus) {
  auto put = call({.method = HttpMethod::Put, .path = "/x", .body = "{}"});
  transport_.at(0).answer(409, "{}");
  auto get = call({.path = "/y"});
  transport_.at(1).fail("refused");
  step();
  step(10s);
  transport_.at(2).answer(200, "{}");
  step();
  EXPECT_EQ(client_->requests(), (RequestCounts{{{"PUT", 409}, 1}, {{"GET", 0}, 1}, {{"GET", 200}, 1}}));
}

TEST_F(ApiClientTest, TellsAStatusWithItsCauses) {
  auto handle = call({.method = HttpMethod::Post, .path = "/x", .body = "{}"});
  transport_.at(0).answer(422, R"({"kind":"Status","code":422,"reason":"Invalid","message":"is invalid",
    "details":{"causes":[{"reason":"FieldValueInvalid","field":"spec.a","message":"too small"}]}})");
  step();
  ASSERT_THAT(answers_, SizeIs(1));
  const ApiError& error = *answers_[0].error;
  EXPECT_EQ(error.code, 422);
  EXPECT_EQ(error.reason, "Invalid");
  EXPECT_EQ(error.message, "POST /x: is invalid");
  ASSERT_THAT(error.causes, SizeIs(1));
  EXPECT_EQ(error.causes[0].field, "spec.a");
  EXPECT_EQ(error.causes[0].message, "too small");
  EXPECT_TRUE(answers_[0].body.is_null());
}

TEST_F(ApiClientTest, TellsAnErrorThatIsNoStatus) {
  auto handle = call({.path = "/x"});
  transport_.at(0).answer(502, "<html>bad\ngateway");
  step();
  EXPECT_EQ(answers_.at(0).error->code, 502);
  EXPECT_EQ(answers_[0].error->message, "GET /x: <html>bad gateway");
}

TEST_F(ApiClientTest, TriesAgainWhenTheServerSaysWhen) {
  auto handle = call({.method = HttpMethod::Post, .path = "/x", .body = "{}"});
  transport_.at(0).answer(429, "{}", {{"retry-after", "7"}});
  step();
  EXPECT_THAT(answers_, IsEmpty());
  EXPECT_EQ(client_->next_deadline(), now_ + 7s);
  step(6999ms);
  EXPECT_EQ(transport_.count(), 1u);
  step(1ms);
  ASSERT_EQ(transport_.count(), 2u);
  EXPECT_EQ(transport_.at(1).request().body, "{}");
  transport_.at(1).answer(201, "{}");
  step();
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_FALSE(answers_[0].error);
}

TEST_F(ApiClientTest, DoesNotTryAgainWithoutRetryAfter) {
  auto handle = call({.path = "/x"});
  transport_.at(0).answer(503, "{}");
  step(1h);
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_EQ(answers_[0].error->code, 503);
  EXPECT_EQ(transport_.count(), 1u);
}

TEST_F(ApiClientTest, GivesUpAfterTenMoreTries) {
  auto handle = call({.path = "/x"});
  for (size_t i = 0; i < 11; ++i) {
    ASSERT_EQ(transport_.count(), i + 1);
    transport_.at(i).answer(500, "{}", {{"retry-after", "1"}});
    step();
    step(1s);
  }
  EXPECT_EQ(transport_.count(), 11u);
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_EQ(answers_[0].error->code, 500);
  EXPECT_EQ(answers_[0].error->retry_after, 1s);
}

TEST_F(ApiClientTest, TriesAGetAgainThatNobodyAnswered) {
  auto handle = call({.path = "/x"});
  transport_.at(0).fail("connection reset");
  step();
  EXPECT_EQ(client_->next_deadline(), now_ + 1s);
  step(1s);
  ASSERT_EQ(transport_.count(), 2u);
  transport_.at(1).answer(200, "{}");
  step();
  EXPECT_FALSE(answers_.at(0).error);
}

TEST_F(ApiClientTest, NeverSendsAWriteTwiceThatNobodyAnswered) {
  auto handle = call({.method = HttpMethod::Post, .path = "/x", .body = "{}"});
  transport_.at(0).fail("connection reset");
  step();
  step(1h);
  EXPECT_EQ(transport_.count(), 1u);
  EXPECT_EQ(answers_.at(0).error->code, 0);
  EXPECT_EQ(answers_[0].error->message, "POST /x: connection reset");
}

TEST_F(ApiClientTest, DoesNotTryAgainWhatBeganOrTookAllItsTime) {
  auto begun = call({.path = "/begun"});
  transport_.at(0).head(200);
  transport_.at(0).fail("reset");
  step();
  EXPECT_THAT(answers_, SizeIs(1));
  auto slow = call({.path = "/slow", .timeout = 5s});
  step(5s);
  transport_.at(1).fail("no complete answer in time");
  step();
  EXPECT_THAT(answers_, SizeIs(2));
  EXPECT_EQ(transport_.count(), 2u);
}

TEST_F(ApiClientTest, LimitsTheSizeOfAnAnswer) {
  auto handle = call({.path = "/x"});
  transport_.at(0).head(200);
  transport_.at(0).data(std::string(1001, ' '));
  step();
  EXPECT_EQ(answers_.at(0).error->reason, "TooLarge");
  EXPECT_TRUE(transport_.at(0).cancelled());
}

TEST_F(ApiClientTest, RefusesJsonNestedBeyondAnyObject) {
  const std::string deep = std::string(400, '[') + std::string(400, ']');
  auto answered = call({.path = "/x"});
  transport_.at(0).answer(200, deep);
  step();
  EXPECT_EQ(answers_.at(0).error->reason, "BadAnswer");
  auto refused = call({.path = "/x"});
  transport_.at(1).answer(422, deep);
  step();
  EXPECT_EQ(answers_.at(1).error->code, 422);
  auto fine = call({.path = "/x"});
  transport_.at(2).answer(200,
                          R"({"a":"[[[[\"[[[","b":)" + std::string(190, '[') + std::string(190, ']') + "}");
  step();
  EXPECT_FALSE(answers_.at(2).error);
}

TEST_F(ApiClientTest, TellsAnAnswerThatIsNoJson) {
  auto handle = call({.path = "/x"});
  transport_.at(0).answer(200, "{\"a\":");
  step();
  EXPECT_EQ(answers_.at(0).error->reason, "BadAnswer");
}

TEST_F(ApiClientTest, KeepsEachWarningOnce) {
  auto first = call({.path = "/x"});
  const std::string warnings = R"(299 - "a is \"old\"" "Sat, 25 Aug 2012 23:34:45 GMT", 299 - "b, c")";
  transport_.at(0).answer(200, "{}", {{"warning", warnings}});
  auto second = call({.path = "/y"});
  transport_.at(1).answer(200, "{}", {{"warning", warnings}});
  step();
  EXPECT_THAT(client_->take_warnings(), ElementsAre("a is \"old\"", "b, c"));
  EXPECT_THAT(client_->take_warnings(), IsEmpty());
}

TEST_F(ApiClientTest, DestroyingACallCancelsIt) {
  auto handle = call({.path = "/x"});
  transport_.at(0).head(200);
  handle.reset();
  EXPECT_TRUE(transport_.at(0).cancelled());
  step();
  EXPECT_THAT(answers_, IsEmpty());
  EXPECT_EQ(client_->next_deadline(), std::nullopt);
}

TEST_F(ApiClientTest, ACallMayDestroyItselfAndStartAnotherInItsAnswer) {
  std::unique_ptr<Client::Call> handle;
  int finished = 0;
  handle = client_->call({.path = "/one"}, [&](ApiAnswer) {
    ++finished;
    handle = client_->call({.path = "/two"}, [&](ApiAnswer) { ++finished; });
  });
  step();
  transport_.at(0).answer(200, "{}");
  step();
  ASSERT_EQ(transport_.count(), 2u);
  transport_.at(1).answer(200, "{}");
  step();
  EXPECT_EQ(finished, 2);
}

TEST_F(ApiClientTest, ACallMayOutliveItsClient) {
  auto handle = call({.path = "/x"});
  client_.reset();
  EXPECT_TRUE(transport_.at(0).cancelled());
}

TEST_F(ApiClientTest, WantsToStepAtOnceAfterACall) {
  step();
  auto handle = client_->call({.path = "/x"}, [](ApiAnswer) {});
  ASSERT_TRUE(client_->next_deadline().has_value());
  EXPECT_LE(*client_->next_deadline(), now_);
}

TEST_F(ApiClientTest, CutsAWatchIntoItsLinesWhereverItIsCut) {
  const std::string text = "{\"type\":\"ADDED\",\"object\":1}\n\n{\"type\":\"BOOKMARK\"}\n{\"type\":\"X\"}\n";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    pieces_.clear();
    auto handle = watch();
    auto exchange = transport_.last();
    exchange.head(200);
    exchange.data(text.substr(0, cut));
    step();
    exchange.data(text.substr(cut));
    exchange.end();
    step();
    std::vector<std::string> types;
    for (const WatchPiece& piece : pieces_)
      for (const auto& event : piece.events) types.push_back(event["type"]);
    EXPECT_THAT(types, ElementsAre("ADDED", "BOOKMARK", "X")) << cut;
    EXPECT_TRUE(pieces_.back().end);
    EXPECT_FALSE(pieces_.back().error);
  }
}

TEST_F(ApiClientTest, AWatchHasNoTimeLimitButOneForSilence) {
  auto handle = watch();
  EXPECT_EQ(transport_.at(0).request().timeout, Duration{});
  transport_.at(0).head(200);
  step(80s);
  EXPECT_EQ(client_->next_deadline(), now_ + 90s);
  step(89s);
  EXPECT_THAT(pieces_, IsEmpty());
  step(1s);
  ASSERT_THAT(pieces_, SizeIs(1));
  EXPECT_TRUE(pieces_[0].end);
  EXPECT_EQ(pieces_[0].error->code, 0);
  EXPECT_EQ(pieces_[0].error->reason, "Idle");
  EXPECT_TRUE(transport_.at(0).cancelled());
}

TEST_F(ApiClientTest, AWatchThatDoesNotOpenTellsTheStatusAndIsNotTriedAgain) {
  auto handle = watch();
  transport_.at(0).answer(410, R"({"kind":"Status","reason":"Expired","message":"too old"})",
                          {{"retry-after", "1"}});
  step();
  step(1h);
  ASSERT_THAT(pieces_, SizeIs(1));
  EXPECT_EQ(accepted_, 0);
  EXPECT_EQ(pieces_[0].error->code, 410);
  EXPECT_EQ(pieces_[0].error->reason, "Expired");
  EXPECT_EQ(transport_.count(), 1u);
}

TEST_F(ApiClientTest, AWatchThatBreaksTellsWhatItBroughtBefore) {
  auto handle = watch();
  transport_.at(0).head(200);
  transport_.at(0).data("{\"type\":\"ADDED\"}\n{\"ty");
  transport_.at(0).fail("reset");
  step();
  ASSERT_THAT(pieces_, SizeIs(2));
  EXPECT_EQ(accepted_, 1);
  EXPECT_THAT(pieces_[0].events, SizeIs(1));
  EXPECT_FALSE(pieces_[0].end);
  EXPECT_TRUE(pieces_[1].end);
  EXPECT_EQ(pieces_[1].error->code, 0);
}

TEST_F(ApiClientTest, AWatchThatEndsWithinALineIsBroken) {
  auto handle = watch();
  transport_.at(0).head(200);
  transport_.at(0).data("{\"type\":\"ADD");
  transport_.at(0).end();
  step();
  EXPECT_EQ(pieces_.at(0).error->reason, "Cut");
}

TEST_F(ApiClientTest, AWatchEndsAtALineThatIsTooLongOrNoJson) {
  auto whole = watch();
  transport_.at(0).head(200);
  transport_.at(0).data("{\"a\":1}\n\"" + std::string(100, 'x') + "\"\n");
  step();
  ASSERT_THAT(pieces_, SizeIs(1));
  EXPECT_THAT(pieces_[0].events, SizeIs(1)) << "what stands before it is good";
  EXPECT_EQ(pieces_[0].error->reason, "TooLarge");
  auto begun = watch();
  transport_.at(1).head(200);
  transport_.at(1).data(std::string(101, 'x'));
  step();
  EXPECT_EQ(pieces_.at(1).error->reason, "TooLarge");
  auto rubbish = watch();
  transport_.at(2).head(200);
  transport_.at(2).data("rubbish\n");
  step();
  EXPECT_EQ(pieces_.at(2).error->reason, "BadAnswer");
}

// Says which token it was asked for and what was refused.
class CountingCredentials final : public Credentials {
 public:
  Result<std::string> authorization(TimePoint) override {
    if (broken) return Error{ErrorCode::Unavailable, "no token"};
    return std::string("Bearer t") + std::to_string(refusals.size());
  }
  void refused(TimePoint sent) override { refusals.push_back(sent); }
  bool broken = false;
  std::vector<TimePoint> refusals;
};

TEST_F(ApiClientTest, TellsTheCredentialsOfA401) {
  CountingCredentials counting;
  client_ = make_client(transport_, counting, {}, [] {});
  auto first = call({.path = "/x"});
  const TimePoint sent = now_;
  EXPECT_EQ(transport_.at(0).request().headers.at("Authorization"), "Bearer t0");
  transport_.at(0).answer(401, "{}");
  step(3s);
  EXPECT_THAT(counting.refusals, ElementsAre(sent));
  EXPECT_EQ(answers_.at(0).error->code, 401);
  auto second = call({.path = "/x"});
  EXPECT_EQ(transport_.at(1).request().headers.at("Authorization"), "Bearer t1");
}

TEST_F(ApiClientTest, SendsNothingWithoutItsCredentials) {
  CountingCredentials counting;
  counting.broken = true;
  client_ = make_client(transport_, counting, {}, [] {});
  auto handle = call({.path = "/x"});
  EXPECT_EQ(transport_.count(), 0u);
  EXPECT_EQ(answers_.at(0).error->reason, "Credentials");
}

TEST(ErrorFromStatus, TakesRetryAfterAndSurvivesRubbish) {
  EXPECT_EQ(error_from_status({{"details", {{"retryAfterSeconds", 3}}}}).retry_after, Duration(3s));
  EXPECT_EQ(error_from_status({{"code", 410}, {"reason", "Expired"}}).code, 410);
  EXPECT_EQ(error_from_status({{"code", "x"}, {"details", {{"causes", 7}}}}).code, 0);
  EXPECT_NE(error_from_status(nlohmann::json::array()).message, "");
}

}  // namespace
}  // namespace hawser::kube
