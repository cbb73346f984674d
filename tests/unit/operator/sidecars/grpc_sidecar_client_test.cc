#include "operator/sidecars/grpc_sidecar_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/pki/test_pki.h"
#include "tests/support/sidecars/in_process_sidecar.h"
#include "tests/unit/operator/sidecars/samples.h"
#include "tests/unit/operator/sidecars/test_client.h"

namespace hawser::sidecars {
namespace {

using testing::InProcessSidecar;
using testing::TempDir;
using testing::TestPki;

TEST(GrpcSidecarClient, KeepsTryingASocketThatIsNotThereYet) {
  TempDir dir;
  const std::string target = "unix:" + dir.file("late.sock");
  TestClient client({.name = "node-a", .target = target});
  ASSERT_TRUE(client.wait_for(LinkState::Unreachable));
  EXPECT_FALSE(client->snapshot().message.empty());
  InProcessSidecar server(target);
  server.set_hello(sidecar_hello());
  EXPECT_TRUE(client.wait_for(LinkState::Connected));
}

TEST(GrpcSidecarClient, ComesBackAfterTheSidecarDied) {
  TempDir dir;
  const std::string target = "unix:" + dir.file("s.sock");
  auto server = std::make_unique<InProcessSidecar>(target);
  server->set_hello(sidecar_hello());
  TestClient client({.name = "node-a", .target = target});
  ASSERT_TRUE(client.wait_for(LinkState::Connected));
  server.reset();
  ASSERT_TRUE(client.wait_for(LinkState::Unreachable));
  server = std::make_unique<InProcessSidecar>(target);
  server->set_hello(sidecar_hello());
  EXPECT_TRUE(client.wait_for(LinkState::Connected));
}

TEST(GrpcSidecarClient, EndsWhileTheStreamIsOpenAndWhileItWaits) {
  TempDir dir;
  const std::string target = "unix:" + dir.file("s.sock");
  { TestClient waiting({.name = "node-a", .target = target}); }
  InProcessSidecar server(target);
  server.set_hello(sidecar_hello());
  TestClient client({.name = "node-a", .target = target});
  EXPECT_TRUE(client.wait_for(LinkState::Connected));
}

TEST(GrpcSidecarClient, SendsHundredsOfConnections) {
  TempDir dir;
  const std::string target = "unix:" + dir.file("s.sock");
  InProcessSidecar server(target);
  server.set_hello(sidecar_hello());
  TestClient client({.name = "node-a", .target = target});
  Desired desired;
  for (int i = 0; i < 500; ++i) desired.entries.push_back(entry("c" + std::to_string(i), 1));
  client->set_desired(std::move(desired));
  EXPECT_TRUE(server.wait_until([](const auto& messages) {
    const v1::DesiredState* state = testing::last_desired(messages);
    return state != nullptr && state->entries_size() == 500;
  }));
}

class GrpcSidecarClientTls : public ::testing::Test {
 protected:
  SidecarAddress address(int port, const TestPki& trusted, const testing::CertificateFiles& own) const {
    return {"node-a", "127.0.0.1:" + std::to_string(port), own.certificate, own.key, trusted.ca_file()};
  }
  InProcessSidecar::Tls server_tls(const std::string& alt_names) const {
    auto files = pki_.issue("server", alt_names);
    return {files.certificate, files.key, pki_.ca_file()};
  }
  TempDir dir_;
  TestPki pki_{dir_};
};

TEST_F(GrpcSidecarClientTls, ConnectsWhenBothSidesProveWhoTheyAre) {
  auto tls = server_tls("DNS:node-a");
  InProcessSidecar server("127.0.0.1:0", &tls);
  server.set_hello(sidecar_hello());
  TestClient client(address(server.port(), pki_, pki_.issue("client", "DNS:operator")));
  EXPECT_TRUE(client.wait_for(LinkState::Connected)) << client->snapshot().message;
}

TEST_F(GrpcSidecarClientTls, RefusesACertificateOfAnotherNode) {
  auto tls = server_tls("DNS:node-b,IP:127.0.0.1");
  InProcessSidecar server("127.0.0.1:0", &tls);
  TestClient client(address(server.port(), pki_, pki_.issue("client", "DNS:operator")));
  EXPECT_TRUE(client.wait_for(LinkState::Unreachable));
  EXPECT_TRUE(server.received().empty());
}

TEST_F(GrpcSidecarClientTls, RefusesAnotherAuthority) {
  auto tls = server_tls("DNS:node-a");
  InProcessSidecar server("127.0.0.1:0", &tls);
  TestPki other(dir_, "other");
  TestClient client(address(server.port(), other, pki_.issue("client", "DNS:operator")));
  EXPECT_TRUE(client.wait_for(LinkState::Unreachable));
  EXPECT_TRUE(server.received().empty());
}

TEST_F(GrpcSidecarClientTls, SaysWhichFileIsMissing) {
  testing::CertificateFiles missing{dir_.file("none.crt"), dir_.file("none.key")};
  TestClient client(address(1, pki_, missing));
  ASSERT_TRUE(client.wait_for(LinkState::Unreachable));
  EXPECT_THAT(client->snapshot().message, ::testing::HasSubstr("none.crt"));
}

}  // namespace
}  // namespace hawser::sidecars
