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

// What the sidecar of a node with many connections says first; each has something to complain about.
v1::SidecarMessage status_of_many(int count) {
  v1::SidecarMessage message;
  message.mutable_status()->set_full(true);
  for (int i = 0; i < count; ++i) {
    v1::ConnectionStatus& one = *message.mutable_status()->add_connections();
    one.set_namespace_("a-namespace-of-some-length");
    one.set_name("connection-to-a-site-of-some-length-" + std::to_string(i));
    one.set_uid("01234567-89ab-cdef-0123-456789abcdef");
    one.set_programmed_reason("Programmed");
    one.set_programmed_message("interface hwsabcdefghij and its routes are in place");
    one.set_established_reason("Established");
    one.set_pfs_verified_reason("NotChecked");
    one.set_pfs_verified_message("the Perfect Forward Secrecy group shows at the first rekey");
    auto& ike = *one.mutable_negotiated()->mutable_ike();
    for (auto* text : {ike.mutable_encryption(), ike.mutable_integrity(), ike.mutable_prf(),
                       ike.mutable_dh_group(), ike.mutable_role()})
      *text = "initiator";
    ike.set_initiator_spi("0123456789abcdef");
    ike.set_responder_spi("0123456789abcdef");
    ike.mutable_established_time()->set_seconds(1'800'000'000);
    auto& child = *one.mutable_negotiated()->mutable_child();
    for (auto* text : {child.mutable_encryption(), child.mutable_integrity(), child.mutable_pfs_group(),
                       child.mutable_inbound_spi(), child.mutable_outbound_spi()})
      *text = "GCMAES256";
    one.mutable_negotiated()->set_local_endpoint("[2001:db8:ffff:ffff:ffff:ffff:ffff:1]:4500");
    one.mutable_negotiated()->set_remote_endpoint("[2001:db8:ffff:ffff:ffff:ffff:ffff:2]:4500");
    one.mutable_negotiated()->set_interface("hwsabcdefghij");
    v1::Failure& failure = *one.mutable_last_failure();
    failure.set_reason("IkeProposalMismatch");
    failure.set_attribute("ikeEncryption");
    failure.set_offered("AES256/SHA384/ECP384");
    failure.set_peer_offered("AES128");
    failure.set_message("the peer refused AES256/SHA384/ECP384 (ikeEncryption/ikeIntegrity/dhGroup)");
  }
  return message;
}

TEST(GrpcSidecarClient, TakesTheStatusOfTenThousandConnectionsAndNotOfAMillion) {
  TempDir dir;
  const std::string target = "unix:" + dir.file("s.sock");
  InProcessSidecar server(target);
  const v1::SidecarMessage status = status_of_many(10'000);
  EXPECT_LT(status.ByteSizeLong(), size_t{GrpcSidecarClient::kMaxReceiveSize} * 2 / 3);
  v1::Hello hello = sidecar_hello();
  for (const auto& one : status.status().connections()) {
    v1::HeldConnection& held = *hello.add_held();
    held.set_namespace_(one.namespace_());
    held.set_name(one.name());
  }
  server.set_hello(hello);
  TestClient client({.name = "node-a", .target = target});
  ASSERT_TRUE(client.wait_for(LinkState::Connected));
  server.say(status);
  EXPECT_TRUE(client.wait_until([](const SidecarSnapshot& s) { return s.statuses.size() == 10'000; }));

  v1::SidecarMessage endless;
  endless.mutable_status()->add_connections()->set_uid(std::string(GrpcSidecarClient::kMaxReceiveSize, 'u'));
  server.say(endless);
  EXPECT_TRUE(client.wait_until([](const SidecarSnapshot& s) {
    return s.message.find("larger than max") != std::string::npos;
  })) << client->snapshot().message;
}

TEST(GrpcSidecarClient, ASidecarThatSaysWhatNoneSaysIsLeft) {
  TempDir dir;
  const std::string target = "unix:" + dir.file("s.sock");
  InProcessSidecar server(target);
  server.set_hello(sidecar_hello());
  TestClient client({.name = "node-a", .target = target});
  ASSERT_TRUE(client.wait_for(LinkState::Connected));
  v1::SidecarMessage again;
  *again.mutable_hello() = sidecar_hello();
  server.say(again);
  EXPECT_TRUE(client.wait_until([](const SidecarSnapshot& s) {
    return s.state == LinkState::Unreachable && s.message == "the sidecar says Hello twice";
  }));
  // It is tried again.
  EXPECT_TRUE(client.wait_for(LinkState::Connected));
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

// As in a cluster: the certificate is that of all sidecars, and an address has gone to another node.
TEST_F(GrpcSidecarClientTls, WithTheCertificateOfAllTheNodeMustSayItsName) {
  auto tls = server_tls("DNS:sidecar.hawser.dev");
  InProcessSidecar server("127.0.0.1:0", &tls);
  server.set_hello(sidecar_hello());  // of node-a
  SidecarAddress where = address(server.port(), pki_, pki_.issue("client", "DNS:operator"));
  where.server_name = "sidecar.hawser.dev";
  where.name = "node-b";
  {
    TestClient client(where);
    client->set_desired({{entry("a", 1)}});
    ASSERT_TRUE(client.wait_for(LinkState::Unreachable));
    EXPECT_THAT(client->snapshot().message, ::testing::HasSubstr("is on node node-a, not node-b"));
  }
  EXPECT_EQ(testing::last_desired(server.received()), nullptr);
  where.name = "node-a";
  TestClient client(where);
  client->set_desired({{entry("a", 1)}});
  EXPECT_TRUE(server.wait_until([](const auto& m) { return testing::last_desired(m) != nullptr; }));
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
