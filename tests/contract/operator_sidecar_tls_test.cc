// Both ends of the mutual TLS: the operator's client and the sidecar's server, with what operator/trust
// issues.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "hawser/v1/sidecar.grpc.pb.h"
#include "operator/trust/authority.h"
#include "sidecar/agent/loop.h"
#include "sidecar/agent/rpc_server.h"
#include "tests/support/pki/temp_dir.h"
#include "tests/unit/operator/sidecars/samples.h"
#include "tests/unit/operator/sidecars/test_client.h"

namespace hawser {
namespace {

using sidecars::LinkState;
using sidecars::SidecarSnapshot;
using sidecars::TestClient;
using sidecars::TlsIdentity;
using sidecars::TlsSlot;
using std::chrono::days;
using ::testing::HasSubstr;

class OperatorSidecarTls : public ::testing::Test {
 protected:
  OperatorSidecarTls() {
    trust::advance(state_, now_, random_).value();
    store_files(bundle(*state_), issue(trust::kSidecar));
    trust_operator(bundle(*state_), issue(trust::kOperator));
  }
  void SetUp() override {
    loop_ = agent::Loop::create().value();
    agent::OperatorLink::Parts parts;
    parts.node = "node-a";
    parts.apply = [](v1::DesiredState& state) {
      v1::Ack ack;
      ack.set_generation(state.generation());
      return ack;
    };
    parts.held = [] { return std::vector<v1::HeldConnection>(); };
    parts.log = [](const std::string&) {};
    link_ = std::make_unique<agent::OperatorLink>(std::move(parts));
    thread_ = std::thread([this] {
      loop_->run([this]() -> std::optional<TimePoint> {
        link_->publish(TimePoint(), snapshot_);
        return std::nullopt;
      });
    });
  }
  void TearDown() override {
    if (server_) server_->shut_down();
    loop_->post([this] { loop_->stop(); });
    thread_.join();
  }
  void start_server() {
    agent::RpcServer::Handler handler;
    handler.post = [this](std::function<void()> task) { loop_->post(std::move(task)); };
    handler.opened = [this](agent::StreamId id, std::shared_ptr<agent::SyncStream> stream) {
      link_->opened(id, std::move(stream));
    };
    handler.received = [this](agent::StreamId id, v1::OperatorMessage message) {
      link_->received(id, std::move(message));
    };
    handler.closed = [this](agent::StreamId id) { link_->closed(id); };
    handler.trigger = [](const v1::TriggerRequest&) -> Result<void> { return {}; };
    agent::ListenOptions options;
    options.address = "127.0.0.1:0";
    options.tls_cert_file = dir_.file("tls.crt");
    options.tls_key_file = dir_.file("tls.key");
    options.tls_ca_file = dir_.file("ca.crt");
    options.tls_peer_name = trust::kOperator.dns_name;
    auto started = agent::RpcServer::start(options, std::move(handler));
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(started).value();
  }
  trust::Identity issue(const trust::Subject& subject) {
    return trust::issue(state_->current, subject, now_, random_).value();
  }
  // As a kubelet brings them: all three at once, by a link that is swapped.
  void store_files(const std::string& authorities, const trust::Identity& identity) {
    const std::string version = dir_.file("v" + std::to_string(++version_));
    std::filesystem::create_directory(version);
    const auto key = identity.key.view();
    const std::string prefix = "v" + std::to_string(version_) + "/";
    dir_.write(prefix + "ca.crt", authorities);
    dir_.write(prefix + "tls.crt", identity.certificate);
    dir_.write(prefix + "tls.key", std::string(key.begin(), key.end()));
    std::filesystem::create_directory_symlink(version, dir_.file("new"));
    std::filesystem::rename(dir_.file("new"), dir_.file("data"));
    for (const char* name : {"ca.crt", "tls.crt", "tls.key"})
      if (!std::filesystem::exists(dir_.file(name)))
        std::filesystem::create_symlink("data/" + std::string(name), dir_.file(name));
  }
  void trust_operator(const std::string& authorities, const trust::Identity& identity) {
    slot_->set(std::make_shared<const TlsIdentity>(
        TlsIdentity{authorities, identity.certificate, identity.key.clone()}));
  }
  // Another authority in the place of this one.
  void change_authority() {
    state_.reset();
    trust::advance(state_, now_, random_).value();
  }
  sidecars::SidecarAddress address() const {
    return {.name = "node-a",
            .target = "127.0.0.1:" + std::to_string(server_->port()),
            .tls = slot_,
            .server_name = trust::kSidecar.dns_name};
  }
  static bool refused(TestClient& client, const std::string& why = "") {
    return client.wait_until([&](const SidecarSnapshot& s) {
      return s.state == LinkState::Unreachable && s.message.find(why) != std::string::npos;
    });
  }
  bool connects() {
    TestClient client(address());
    return client.wait_for(LinkState::Connected);
  }
  bool is_refused(const std::string& why = "") {
    TestClient client(address());
    return refused(client, why);
  }

  const WallTime now_ = SystemClock().wall_now();
  trust::SystemRandom random_;
  std::optional<trust::AuthorityState> state_;
  testing::TempDir dir_;
  int version_ = 0;
  std::shared_ptr<TlsSlot> slot_ = std::make_shared<TlsSlot>();
  std::unique_ptr<agent::Loop> loop_;
  std::unique_ptr<agent::OperatorLink> link_;
  std::shared_ptr<const status::Snapshot> snapshot_ = std::make_shared<const status::Snapshot>();
  std::unique_ptr<agent::RpcServer> server_;
  std::thread thread_;
};

TEST_F(OperatorSidecarTls, EachTakesTheOtherForWhatItIs) {
  start_server();
  EXPECT_TRUE(connects());
}

TEST_F(OperatorSidecarTls, TheOperatorRefusesASidecarOfAnotherAuthority) {
  start_server();
  const trust::Identity own = issue(trust::kOperator);
  change_authority();
  trust_operator(bundle(*state_), own);
  EXPECT_TRUE(is_refused());
}

TEST_F(OperatorSidecarTls, TheSidecarRefusesAnOperatorOfAnotherAuthority) {
  start_server();
  const std::string right = bundle(*state_);
  change_authority();
  trust_operator(right, issue(trust::kOperator));
  EXPECT_TRUE(is_refused());
}

TEST_F(OperatorSidecarTls, TheRightAuthorityWithAnotherNameIsNoSidecar) {
  store_files(bundle(*state_), issue({"127.0.0.1", trust::Use::Server}));
  start_server();
  EXPECT_TRUE(is_refused());
}

TEST_F(OperatorSidecarTls, TheRightAuthorityWithAnotherNameIsNoOperator) {
  start_server();
  trust_operator(bundle(*state_), issue({"somebody.hawser.dev", trust::Use::Client}));
  EXPECT_TRUE(is_refused("--tls-peer-name"));
}

TEST_F(OperatorSidecarTls, ASidecarIsNoOperatorOfAnotherSidecar) {
  start_server();
  // Its own certificate, and one with the operator's name that was made for a server.
  trust_operator(bundle(*state_), issue(trust::kSidecar));
  EXPECT_TRUE(is_refused());
  trust_operator(bundle(*state_), issue({trust::kOperator.dns_name, trust::Use::Server}));
  EXPECT_TRUE(is_refused());
}

TEST_F(OperatorSidecarTls, WhatHasExpiredIsRefusedOnBothSides) {
  // Made a hundred days ago, for ninety.
  auto expired = [&](const trust::Subject& subject) {
    return trust::issue(state_->current, subject, now_ - days(100), random_).value();
  };
  start_server();
  trust_operator(bundle(*state_), expired(trust::kOperator));
  EXPECT_TRUE(is_refused());
  trust_operator(bundle(*state_), issue(trust::kOperator));
  EXPECT_TRUE(connects());
  server_->shut_down();
  store_files(bundle(*state_), expired(trust::kSidecar));
  start_server();
  EXPECT_TRUE(is_refused());
}

TEST_F(OperatorSidecarTls, WithoutACertificateNobodyComesIn) {
  start_server();
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = bundle(*state_);
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride(trust::kSidecar.dns_name);
  auto stub = v1::SidecarService::NewStub(grpc::CreateCustomChannel(
      "127.0.0.1:" + std::to_string(server_->port()), grpc::SslCredentials(tls), arguments));
  grpc::ClientContext context;
  v1::TriggerResponse response;
  EXPECT_EQ(stub->Trigger(&context, v1::TriggerRequest(), &response).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  // The operator knows better than to try.
  slot_->set(nullptr);
  EXPECT_TRUE(is_refused("no certificate of its own yet"));
}

TEST_F(OperatorSidecarTls, AnAttemptTakesTheNewestIdentity) {
  start_server();
  slot_->set(nullptr);
  TestClient client(address());
  ASSERT_TRUE(refused(client));
  trust_operator(bundle(*state_), issue(trust::kOperator));
  EXPECT_TRUE(client.wait_for(LinkState::Connected));
}

// Files change under a stream that is open: it goes on, and who comes next meets the new ones.
TEST_F(OperatorSidecarTls, ChangedFilesAreForTheNextConnection) {
  start_server();
  TestClient old_stream(address(), 3);
  ASSERT_TRUE(old_stream.wait_for(LinkState::Connected));
  const TimePoint since = old_stream->snapshot().since;

  change_authority();
  store_files(bundle(*state_), issue(trust::kSidecar));
  // Trusts the new authority alone. Its epoch is the lower one: it must not push out the old stream, and the
  // refusal comes from behind the handshake.
  slot_ = std::make_shared<TlsSlot>();
  trust_operator(bundle(*state_), issue(trust::kOperator));
  TestClient newcomer(address(), 2);
  EXPECT_TRUE(newcomer.wait_for(LinkState::Refused)) << newcomer->snapshot().message;

  old_stream->set_desired({{sidecars::entry("c", 1)}});
  EXPECT_TRUE(old_stream.wait_until([](const SidecarSnapshot& s) { return s.applied_generation == 1; }));
  EXPECT_EQ(old_stream->snapshot().since, since);
}

// A key without its certificate lets nobody in, and spoils nothing for good.
TEST_F(OperatorSidecarTls, TornFilesKeepNewcomersOutUntilTheyAreMended) {
  start_server();
  TestClient old_stream(address(), 3);
  ASSERT_TRUE(old_stream.wait_for(LinkState::Connected));
  trust::Identity torn = issue(trust::kSidecar);
  torn.key = issue(trust::kSidecar).key.clone();
  store_files(bundle(*state_), torn);
  // Until the files have been looked at, a newcomer is let in: the next one tries.
  bool refused_once = false;
  for (int i = 0; i < 1000 && !refused_once; ++i) {
    TestClient newcomer(address(), 2);
    newcomer.wait_until([](const SidecarSnapshot& s) { return s.state != LinkState::Connecting; });
    refused_once = newcomer->snapshot().state == LinkState::Unreachable;
  }
  EXPECT_TRUE(refused_once);
  EXPECT_EQ(old_stream->snapshot().state, LinkState::Connected);
  store_files(bundle(*state_), issue(trust::kSidecar));
  TestClient newcomer(address(), 2);
  EXPECT_TRUE(newcomer.wait_for(LinkState::Refused)) << newcomer->snapshot().message;
}

}  // namespace
}  // namespace hawser
