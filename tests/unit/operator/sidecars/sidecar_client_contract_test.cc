// What every SidecarClient promises, run against the fake and against the real one with a server in this
// process.
#include <gtest/gtest.h>

#include "tests/support/pki/temp_dir.h"
#include "tests/support/sidecars/fake_sidecar_client.h"
#include "tests/support/sidecars/in_process_sidecar.h"
#include "tests/unit/operator/sidecars/samples.h"
#include "tests/unit/operator/sidecars/test_client.h"

namespace hawser::sidecars {
namespace {

// A client, and the test's hands at the sidecar's end of it.
class Bench {
 public:
  using Messages = testing::InProcessSidecar::Messages;
  virtual ~Bench() = default;
  virtual SidecarClient& client() = 0;
  virtual void connect(const v1::Hello& hello) = 0;
  virtual void reconnect(const v1::Hello& hello) = 0;
  virtual void refuse(const std::string& why) = 0;
  virtual void say(const v1::SidecarMessage& message) = 0;
  virtual bool received(const std::function<bool(const Messages&)>& condition) = 0;
  virtual bool shows(const std::function<bool(const SidecarSnapshot&)>& condition) = 0;
};

class FakeBench final : public Bench {
 public:
  SidecarClient& client() override { return client_; }
  void connect(const v1::Hello& hello) override { client_.connect(hello); }
  void reconnect(const v1::Hello& hello) override {
    client_.disconnect("broken");
    client_.connect(hello);
  }
  void refuse(const std::string& why) override { client_.refuse(why); }
  void say(const v1::SidecarMessage& message) override { client_.say(message); }
  bool received(const std::function<bool(const Messages&)>& condition) override {
    return condition(client_.received());
  }
  bool shows(const std::function<bool(const SidecarSnapshot&)>& condition) override {
    return condition(client_.snapshot());
  }

 private:
  testing::FakeSidecarClient client_{"node-a", {"test", 3, "operator-test"}};
};

class GrpcBench final : public Bench {
 public:
  SidecarClient& client() override { return *client_; }
  void connect(const v1::Hello& hello) override {
    server_ = std::make_unique<testing::InProcessSidecar>(address_);
    server_->set_hello(hello);
    EXPECT_TRUE(client_.wait_for(LinkState::Connected));
  }
  void reconnect(const v1::Hello& hello) override {
    server_->set_hello(hello);
    server_->break_stream();
    // Each stream begins with one Hello.
    EXPECT_TRUE(server_->wait_until([](const Messages& messages) {
      return std::ranges::count_if(messages, [](const auto& m) { return m.has_hello(); }) >= 2;
    }));
    EXPECT_TRUE(client_.wait_for(LinkState::Connected));
  }
  void refuse(const std::string& why) override {
    server_->refuse(why);
    server_->break_stream();
  }
  void say(const v1::SidecarMessage& message) override { server_->say(message); }
  bool received(const std::function<bool(const Messages&)>& condition) override {
    return server_->wait_until(condition);
  }
  bool shows(const std::function<bool(const SidecarSnapshot&)>& condition) override {
    return client_.wait_until(condition);
  }

 private:
  testing::TempDir dir_;
  std::string address_ = "unix:" + dir_.file("s.sock");
  std::unique_ptr<testing::InProcessSidecar> server_;
  TestClient client_{{.name = "node-a", .target = address_}};
};

template <typename T>
class SidecarClientContract : public ::testing::Test {
 protected:
  T bench_;
};
using Implementations = ::testing::Types<FakeBench, GrpcBench>;
TYPED_TEST_SUITE(SidecarClientContract, Implementations);

bool wants(const Bench::Messages& messages, const std::string& name) {
  const v1::DesiredState* state = testing::last_desired(messages);
  return state != nullptr &&
         std::ranges::any_of(state->entries(), [&](const auto& e) { return e.name() == name; });
}

TYPED_TEST(SidecarClientContract, ShowsWhoTheSidecarIsOnceConnected) {
  this->bench_.connect(sidecar_hello());
  EXPECT_TRUE(this->bench_.shows([](const SidecarSnapshot& s) { return s.state == LinkState::Connected; }));
  EXPECT_EQ(this->bench_.client().snapshot().node, "node-a");
  EXPECT_EQ(this->bench_.client().snapshot().name, "node-a");
}

TYPED_TEST(SidecarClientContract, SendsWhatWasWantedBeforeItConnected) {
  this->bench_.client().set_desired({{entry("a", 1)}});
  this->bench_.connect(sidecar_hello());
  EXPECT_TRUE(this->bench_.received([](const auto& m) { return wants(m, "a"); }));
}

TYPED_TEST(SidecarClientContract, SendsEachChangeWhileConnected) {
  this->bench_.connect(sidecar_hello());
  this->bench_.client().set_desired({{entry("a", 1)}});
  EXPECT_TRUE(this->bench_.received([](const auto& m) { return wants(m, "a"); }));
  this->bench_.client().set_desired({{entry("b", 1)}});
  EXPECT_TRUE(this->bench_.received([](const auto& m) { return wants(m, "b") && !wants(m, "a"); }));
}

TYPED_TEST(SidecarClientContract, ShowsAcksAndStatuses) {
  this->bench_.client().set_desired({{entry("a", 5)}});
  this->bench_.connect(sidecar_hello());
  v1::SidecarMessage ack;
  EXPECT_TRUE(this->bench_.received([&](const auto& m) {
    const v1::DesiredState* state = testing::last_desired(m);
    if (state != nullptr) ack = testing::ack_all(*state);
    return state != nullptr;
  }));
  this->bench_.say(ack);
  this->bench_.say(status_of("a", "Established", true));
  EXPECT_TRUE(this->bench_.shows([](const SidecarSnapshot& s) {
    return s.status_known && s.acked.contains("default/a") && s.acked.at("default/a").revision == 5 &&
           s.applied_generation == s.generation && s.statuses.contains("default/a");
  }));
}

TYPED_TEST(SidecarClientContract, SendsTheWholeStateAgainOnEachNewStream) {
  this->bench_.client().set_desired({{entry("a", 1)}, true});
  this->bench_.connect(sidecar_hello());
  EXPECT_TRUE(this->bench_.received([](const auto& m) { return wants(m, "a"); }));
  this->bench_.reconnect(sidecar_hello({"b"}));
  EXPECT_TRUE(this->bench_.received([](const auto& m) { return wants(m, "a") && wants(m, "b"); }));
}

TYPED_TEST(SidecarClientContract, ReportsARefusal) {
  this->bench_.connect(sidecar_hello());
  this->bench_.refuse("epoch 9 is in force");
  EXPECT_TRUE(this->bench_.shows([](const SidecarSnapshot& s) {
    return s.state == LinkState::Refused && s.message == "epoch 9 is in force";
  }));
}

}  // namespace
}  // namespace hawser::sidecars
