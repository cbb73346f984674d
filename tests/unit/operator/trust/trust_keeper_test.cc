#include "operator/trust/trust_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>

#include "tests/unit/operator/trust/seeded_random.h"

namespace hawser::trust {
namespace {

using kube::ApiAnswer;
using kube::ApiError;
using kube::ApiRequest;
using kube::HttpMethod;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Secrets as an API server keeps them: resourceVersion, 404, 409.
class Secrets {
 public:
  std::map<std::string, nlohmann::json> objects;  // by path
  std::vector<std::string> log;                   // "GET hawser-ca 200"
  std::function<void(const ApiRequest&)> before;  // what somebody else does just then
  std::optional<ApiError> refuse;

  ApiAnswer answer(const ApiRequest& request) {
    if (before) std::exchange(before, nullptr)(request);
    ApiAnswer answer = refuse ? ApiAnswer{refuse, nullptr} : serve(request);
    const std::string name = request.method == HttpMethod::Post
                                 ? nlohmann::json::parse(request.body)["metadata"]["name"].get<std::string>()
                                 : request.path.substr(request.path.rfind('/') + 1);
    log.push_back(std::string(to_string(request.method)) + " " + name + " " +
                  std::to_string(answer.error ? answer.error->code : 200));
    return answer;
  }
  void put(const std::string& path, nlohmann::json object) {
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    objects[path] = std::move(object);
  }

 private:
  ApiAnswer serve(const ApiRequest& request) {
    const auto failed = [&](int code, const char* reason) {
      return ApiAnswer{ApiError{code,
                                reason,
                                std::string(to_string(request.method)) + " " + request.path + ": " + reason,
                                {},
                                {}},
                       nullptr};
    };
    if (request.method == HttpMethod::Post) {
      nlohmann::json object = nlohmann::json::parse(request.body);
      const std::string path = request.path + "/" + object["metadata"]["name"].get<std::string>();
      if (objects.contains(path)) return failed(409, "AlreadyExists");
      put(path, object);
      return {std::nullopt, objects[path]};
    }
    const auto found = objects.find(request.path);
    if (found == objects.end()) return failed(404, "NotFound");
    if (request.method == HttpMethod::Put) {
      const nlohmann::json object = nlohmann::json::parse(request.body);
      if (object["metadata"]["resourceVersion"] != found->second["metadata"]["resourceVersion"])
        return failed(409, "Conflict");
      put(request.path, object);
    }
    return {std::nullopt, objects[request.path]};
  }
  int version_ = 0;
};

class FakeClient final : public kube::Client {
 public:
  explicit FakeClient(Secrets& server) : server_(server) {}
  std::unique_ptr<Call> call(ApiRequest request, Done done) override {
    waiting_.push_back({std::move(request), std::move(done)});
    return std::make_unique<Call>();
  }
  std::unique_ptr<Call> watch(ApiRequest, Pieces) override { return nullptr; }
  void step(TimePoint) override {
    while (!waiting_.empty()) {
      auto [request, done] = std::move(waiting_.front());
      waiting_.pop_front();
      done(server_.answer(request));
    }
  }
  std::optional<TimePoint> next_deadline() const override { return std::nullopt; }
  std::vector<std::string> take_warnings() override { return {}; }
  kube::RequestCounts requests() const override { return {}; }

 private:
  Secrets& server_;
  std::deque<std::pair<ApiRequest, Done>> waiting_;
};

constexpr const char* kAuthorityPath = "/api/v1/namespaces/hawser-system/secrets/hawser-ca";
constexpr const char* kSidecarPath = "/api/v1/namespaces/hawser-system/secrets/hawser-sidecar-tls";

// One operator at the server.
struct Replica {
  Replica(Secrets& server, uint32_t seed) : client(server), random(seed) {}
  FakeClient client;
  SeededRandom random;
  sidecars::TlsSlot slot;
  TrustKeeper keeper{client, {.namespace_ = "hawser-system"}, slot, random};
};

class TrustKeeperTest : public ::testing::Test {
 protected:
  // Until it rests.
  void run(Replica& replica) {
    for (int i = 0; i < 10; ++i) {
      replica.keeper.step(now_, wall_);
      replica.client.step(now_);
    }
  }
  void advance(Duration time) {
    now_ += time;
    wall_ += time;
  }
  SidecarFiles files() const { return *read_sidecar_secret(server_.objects.at(kSidecarPath)); }

  Secrets server_;
  Replica a_{server_, 1};
  TimePoint now_{hours(1)};
  WallTime wall_{seconds(1'800'000'000)};
};

TEST_F(TrustKeeperTest, MakesBothSecretsAndTheOperatorsOwnCertificate) {
  run(a_);
  EXPECT_EQ(a_.keeper.trouble(), "");
  EXPECT_THAT(server_.log, ElementsAre("GET hawser-ca 404", "POST hawser-ca 200",
                                       "GET hawser-sidecar-tls 404", "POST hawser-sidecar-tls 200"));
  const auto own = a_.slot.get();
  ASSERT_NE(own, nullptr);
  EXPECT_EQ(own->authorities, files().bundle);
  EXPECT_TRUE(check_issued(own->certificate, own->authorities, kOperator));
  EXPECT_TRUE(check_issued(files().identity.certificate, files().bundle, kSidecar));
  EXPECT_TRUE(check_pair(files().identity));
  EXPECT_EQ(a_.keeper.sidecar_expires(), wall_ + days(90));
  // The sidecars get no authority's key, and the operator's own is stored nowhere.
  EXPECT_FALSE(server_.objects.at(kSidecarPath)["data"].contains("ca.key"));
  EXPECT_EQ(server_.objects.size(), 2u);
}

TEST_F(TrustKeeperTest, AQuietMinuteReadsAndWritesNothing) {
  run(a_);
  server_.log.clear();
  const auto before = a_.slot.get();
  EXPECT_EQ(a_.keeper.next_deadline(), now_ + minutes(1));
  advance(minutes(1));
  run(a_);
  EXPECT_THAT(server_.log, ElementsAre("GET hawser-ca 200", "GET hawser-sidecar-tls 200"));
  EXPECT_EQ(a_.slot.get(), before);
}

TEST_F(TrustKeeperTest, TheOtherReplicaWasFirst) {
  Replica b{server_, 2};
  a_.keeper.step(now_, wall_);
  a_.client.step(now_);  // 404
  run(b);
  run(a_);
  EXPECT_THAT(a_.keeper.trouble(), HasSubstr("AlreadyExists"));
  advance(seconds(1));
  run(a_);
  EXPECT_EQ(a_.keeper.trouble(), "");
  EXPECT_EQ(a_.slot.get()->authorities, b.slot.get()->authorities);
  EXPECT_NE(a_.slot.get()->certificate, b.slot.get()->certificate);
}

TEST_F(TrustKeeperTest, AnUpdateOfWhatChangedMeanwhileIsRefusedAndReadAgain) {
  run(a_);
  advance(days(61));
  server_.before = [&](const ApiRequest&) {
    server_.before = [&](const ApiRequest&) {
      server_.before = [&](const ApiRequest&) {
        server_.put(kSidecarPath, server_.objects.at(kSidecarPath));
      };
    };
  };
  run(a_);
  EXPECT_THAT(a_.keeper.trouble(), HasSubstr("Conflict"));
  advance(seconds(1));
  run(a_);
  EXPECT_EQ(a_.keeper.trouble(), "");
  EXPECT_EQ(read_certificate(files().identity.certificate)->not_after, wall_ + days(90));
}

TEST_F(TrustKeeperTest, RenewsBothAtAThirdOfTheirLife) {
  run(a_);
  const std::string sidecar = files().identity.certificate;
  const std::string own = a_.slot.get()->certificate;
  advance(days(59));
  run(a_);
  EXPECT_EQ(files().identity.certificate, sidecar);
  advance(days(2));
  run(a_);
  EXPECT_NE(files().identity.certificate, sidecar);
  EXPECT_NE(a_.slot.get()->certificate, own);
}

TEST_F(TrustKeeperTest, ChangesTheAuthorityWithAnOverlap) {
  run(a_);
  advance(days(2600));
  run(a_);
  const auto during = *read_authority_secret(server_.objects.at(kAuthorityPath));
  ASSERT_TRUE(during.next);
  // Both sides trust the next one, and nothing is of it yet.
  EXPECT_EQ(files().bundle, bundle(during));
  EXPECT_EQ(a_.slot.get()->authorities, bundle(during));
  EXPECT_TRUE(check_issued(files().identity.certificate, during.current.certificate, kSidecar));

  advance(hours(25));
  run(a_);
  const auto after = *read_authority_secret(server_.objects.at(kAuthorityPath));
  EXPECT_EQ(after.current.certificate, during.next->certificate);
  EXPECT_FALSE(server_.objects.at(kAuthorityPath)["data"].contains("next.key"));
  EXPECT_TRUE(check_issued(files().identity.certificate, after.current.certificate, kSidecar));
  EXPECT_TRUE(check_issued(a_.slot.get()->certificate, after.current.certificate, kOperator));
  EXPECT_THAT(files().bundle, HasSubstr(during.current.certificate));
}

TEST_F(TrustKeeperTest, MakesAgainWhatWasDeletedAndKeepsWhatOthersWrote) {
  run(a_);
  nlohmann::json labelled = server_.objects.at(kSidecarPath);
  labelled["metadata"]["annotations"]["owner"] = "somebody";
  labelled["data"]["tls.crt"] = "Z2FyYmFnZQ==";
  server_.put(kSidecarPath, labelled);
  advance(minutes(1));
  run(a_);
  EXPECT_TRUE(check_pair(files().identity));
  EXPECT_EQ(server_.objects.at(kSidecarPath)["metadata"]["annotations"]["owner"], "somebody");
  const std::string old = files().bundle;
  server_.objects.clear();
  advance(minutes(1));
  run(a_);
  EXPECT_NE(files().bundle, old);
  EXPECT_TRUE(check_issued(a_.slot.get()->certificate, files().bundle, kOperator));
}

TEST_F(TrustKeeperTest, AForeignAuthoritySecretIsReportedAndNotTouched) {
  nlohmann::json odd = make_secret("hawser-system", "hawser-ca");
  odd["data"]["tls.crt"] = "Z2FyYmFnZQ==";
  server_.put(kAuthorityPath, odd);
  run(a_);
  EXPECT_THAT(a_.keeper.trouble(), HasSubstr("Secret hawser-system/hawser-ca: tls.crt"));
  EXPECT_THAT(a_.keeper.trouble(), HasSubstr("delete it"));
  EXPECT_THAT(server_.log, ElementsAre("GET hawser-ca 200"));
  EXPECT_EQ(a_.slot.get(), nullptr);
}

TEST_F(TrustKeeperTest, AnAuthorityThatWasNotStoredIsNotUsed) {
  server_.before = [&](const ApiRequest&) {
    server_.before = [&](const ApiRequest&) {
      server_.refuse = ApiError{403, "Forbidden", "secrets is forbidden", {}, {}};
    };
  };
  run(a_);
  EXPECT_THAT(server_.log, ElementsAre("GET hawser-ca 404", "POST hawser-ca 403"));
  EXPECT_THAT(a_.keeper.trouble(), HasSubstr("forbidden"));
  EXPECT_EQ(a_.slot.get(), nullptr);
  const TimePoint began = now_;
  EXPECT_EQ(a_.keeper.trouble_since(), began);
  // Waits longer each time, at most 30 s.
  Duration waited{};
  for (int i = 0; i < 7; ++i) {
    waited = *a_.keeper.next_deadline() - now_;
    advance(waited);
    run(a_);
  }
  EXPECT_EQ(waited, seconds(30));
  EXPECT_EQ(a_.keeper.trouble_since(), began) << "the same trouble goes on";
  server_.refuse.reset();
  advance(seconds(30));
  run(a_);
  EXPECT_EQ(a_.keeper.trouble(), "");
  EXPECT_FALSE(a_.keeper.trouble_since());
}

TEST_F(TrustKeeperTest, NoMessageHoldsAKey) {
  run(a_);
  const auto stored = *read_authority_secret(server_.objects.at(kAuthorityPath));
  const std::string key(stored.current.key.view().begin(), stored.current.key.view().end());
  ASSERT_THAT(key, HasSubstr("PRIVATE KEY"));
  // Key and certificate of different authorities: the message is about the key.
  nlohmann::json odd = server_.objects.at(kAuthorityPath);
  odd["data"]["tls.crt"] = server_.objects.at(kSidecarPath)["data"]["tls.crt"];
  server_.put(kAuthorityPath, odd);
  advance(minutes(1));
  run(a_);
  ASSERT_THAT(a_.keeper.trouble(), Not(IsEmpty()));
  EXPECT_THAT(a_.keeper.trouble(), Not(HasSubstr("PRIVATE")));
  EXPECT_THAT(a_.keeper.trouble(), Not(HasSubstr(key.substr(40, 12))));
}

}  // namespace
}  // namespace hawser::trust
