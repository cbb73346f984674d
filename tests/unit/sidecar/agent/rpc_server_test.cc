#include "sidecar/agent/rpc_server.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "hawser/v1/sidecar.grpc.pb.h"
#include "sidecar/agent/loop.h"
#include "sidecar/agent/trigger_client.h"
#include "tests/support/pki/test_pki.h"

namespace hawser::agent {
namespace {

using ::testing::HasSubstr;
using Call = grpc::ClientReaderWriter<v1::OperatorMessage, v1::SidecarMessage>;

// The real server on a unix socket, its loop in a thread of its own.
class RpcServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "hawser-rpc-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern;
    options.address = "unix:" + folder + "/sidecar.sock";
    auto made = Loop::create();
    ASSERT_TRUE(made);
    loop = std::move(made).value();
    OperatorLink::Parts parts;
    parts.node = "node-a";
    parts.apply = [](v1::DesiredState& state) {
      v1::Ack ack;
      ack.set_generation(state.generation());
      return ack;
    };
    parts.held = [] { return std::vector<v1::HeldConnection>(); };
    parts.log = [](const std::string&) {};
    link = std::make_unique<OperatorLink>(std::move(parts));
    auto started = RpcServer::start(options, handler());
    ASSERT_TRUE(started) << started.error().message;
    server = std::move(started).value();
    thread = std::thread([this] {
      loop->run([this]() -> std::optional<TimePoint> {
        link->publish(TimePoint(), snapshot);
        return std::nullopt;
      });
    });
    stub =
        v1::SidecarService::NewStub(grpc::CreateChannel(options.address, grpc::InsecureChannelCredentials()));
  }
  void TearDown() override {
    server->shut_down();
    loop->post([this] { loop->stop(); });
    thread.join();
    std::filesystem::remove_all(folder);
  }
  RpcServer::Handler handler() {
    RpcServer::Handler out;
    out.post = [this](std::function<void()> task) { loop->post(std::move(task)); };
    out.opened = [this](StreamId id, std::shared_ptr<SyncStream> stream) {
      link->opened(id, std::move(stream));
    };
    out.received = [this](StreamId id, v1::OperatorMessage message) {
      link->received(id, std::move(message));
    };
    out.closed = [this](StreamId id) { link->closed(id); };
    out.trigger = [](const v1::TriggerRequest& request) -> Result<void> {
      if (request.name() == "known") return {};
      return Error{ErrorCode::NotFound,
                   "no connection '" + request.namespace_() + "/" + request.name() + "'"};
    };
    return out;
  }
  static void greet(Call& call, uint64_t epoch) {
    v1::OperatorMessage message;
    message.mutable_hello()->set_epoch(epoch);
    ASSERT_TRUE(call.Write(message));
  }

  std::string folder;
  ListenOptions options;
  std::unique_ptr<Loop> loop;
  std::unique_ptr<OperatorLink> link;
  std::shared_ptr<const status::Snapshot> snapshot = std::make_shared<const status::Snapshot>();
  std::unique_ptr<RpcServer> server;
  std::unique_ptr<v1::SidecarService::Stub> stub;
  std::thread thread;
};

TEST_F(RpcServerTest, SaysHelloThenFullStatusThenAck) {
  grpc::ClientContext context;
  auto call = stub->Sync(&context);
  greet(*call, 40);
  v1::SidecarMessage message;
  ASSERT_TRUE(call->Read(&message));
  EXPECT_EQ(message.hello().identity(), "node-a");
  ASSERT_TRUE(call->Read(&message));
  EXPECT_TRUE(message.status().full());
  v1::OperatorMessage state;
  state.mutable_desired_state()->set_epoch(40);
  state.mutable_desired_state()->set_generation(3);
  ASSERT_TRUE(call->Write(state));
  ASSERT_TRUE(call->Read(&message));
  EXPECT_EQ(message.ack().generation(), 3U);
  call->WritesDone();
  EXPECT_FALSE(call->Read(&message));
  EXPECT_TRUE(call->Finish().ok());
}

TEST_F(RpcServerTest, ALowerEpochGetsFailedPreconditionAndTheEpochInForce) {
  grpc::ClientContext first_context;
  auto first = stub->Sync(&first_context);
  greet(*first, 40);
  v1::SidecarMessage message;
  ASSERT_TRUE(first->Read(&message));

  grpc::ClientContext second_context;
  auto second = stub->Sync(&second_context);
  greet(*second, 39);
  EXPECT_FALSE(second->Read(&message));
  const auto status = second->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("epoch 40 is in force"));

  // The live stream goes on.
  v1::OperatorMessage state;
  state.mutable_desired_state()->set_epoch(40);
  state.mutable_desired_state()->set_generation(1);
  ASSERT_TRUE(first->Write(state));
  ASSERT_TRUE(first->Read(&message));
  if (message.has_status()) {
    ASSERT_TRUE(first->Read(&message));
  }
  EXPECT_EQ(message.ack().generation(), 1U);
  first_context.TryCancel();
  first->Finish();
}

TEST_F(RpcServerTest, AHigherEpochEndsTheOldStream) {
  grpc::ClientContext first_context;
  auto first = stub->Sync(&first_context);
  greet(*first, 40);
  v1::SidecarMessage message;
  ASSERT_TRUE(first->Read(&message));

  grpc::ClientContext second_context;
  auto second = stub->Sync(&second_context);
  greet(*second, 41);
  v1::SidecarMessage answer;
  ASSERT_TRUE(second->Read(&answer));
  EXPECT_EQ(answer.hello().epoch(), 41U);
  while (first->Read(&message)) {
  }
  EXPECT_EQ(first->Finish().error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  second_context.TryCancel();
  second->Finish();
}

TEST_F(RpcServerTest, AnOperatorThatVanishesLeavesRoomForTheNext) {
  for (int i = 0; i < 3; ++i) {
    grpc::ClientContext context;
    auto call = stub->Sync(&context);
    greet(*call, 40);
    v1::SidecarMessage message;
    ASSERT_TRUE(call->Read(&message));
    EXPECT_TRUE(message.has_hello());
    context.TryCancel();
    call->Finish();
  }
}

TEST_F(RpcServerTest, ATriggerIsAnsweredByTheLoop) {
  v1::TriggerRequest request;
  request.set_namespace_("ns");
  request.set_name("known");
  EXPECT_TRUE(send_trigger(options.address, request));
  request.set_name("other");
  auto result = send_trigger(options.address, request);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "no connection 'ns/other'");
}

TEST_F(RpcServerTest, TheSocketIsForItsOwnerAlone) {
  struct stat info {};
  ASSERT_EQ(stat((folder + "/sidecar.sock").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(RpcServerTest, ASocketInUseIsNotTakenOver) {
  auto second = RpcServer::start(options, handler());
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("another sidecar"));
}

TEST_F(RpcServerTest, AStaleSocketIsReplacedAndAFileIsNot) {
  ListenOptions stale;
  stale.address = "unix:" + folder + "/stale.sock";
  {
    // What a killed process leaves: a socket that nobody listens on.
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder + "/stale.sock";
    path.copy(address.sun_path, path.size());
    ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    close(fd);
  }
  EXPECT_TRUE(RpcServer::start(stale, handler()));

  ListenOptions file;
  file.address = "unix:" + folder + "/file";
  std::ofstream(folder + "/file") << "precious";
  auto refused = RpcServer::start(file, handler());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("is not a socket"));
}

TEST_F(RpcServerTest, TcpWithoutTlsIsRefused) {
  ListenOptions tcp;
  tcp.address = "127.0.0.1:0";
  auto refused = RpcServer::start(tcp, handler());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::InvalidArgument);
  EXPECT_THAT(refused.error().message, HasSubstr("--tls-cert, --tls-key, --tls-ca and --tls-peer-name"));
}

// A server on TCP with the certificates of a test authority, and the operator's side of it.
class RpcServerTlsTest : public RpcServerTest {
 protected:
  void SetUp() override {
    RpcServerTest::SetUp();
    const auto own = authority.issue("node-a", "DNS:node-a,IP:127.0.0.1");
    tls.address = "127.0.0.1:0";
    tls.tls_cert_file = own.certificate;
    tls.tls_key_file = own.key;
    tls.tls_ca_file = authority.ca_file();
    tls.tls_peer_name = "hawser-operator";
    auto started = RpcServer::start(tls, handler());
    ASSERT_TRUE(started) << started.error().message;
    tcp = std::move(started).value();
  }
  void TearDown() override {
    tcp->shut_down();
    RpcServerTest::TearDown();
  }
  // The status of a Trigger for a known connection with these client files; none: without a certificate.
  grpc::Status call(const std::optional<testing::CertificateFiles>& client) {
    grpc::SslCredentialsOptions ssl;
    ssl.pem_root_certs = testing::read_file(authority.ca_file());
    if (client) {
      ssl.pem_cert_chain = testing::read_file(client->certificate);
      ssl.pem_private_key = testing::read_file(client->key);
    }
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride("node-a");
    auto channel = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(tcp->port()),
                                             grpc::SslCredentials(ssl), arguments);
    auto secure = v1::SidecarService::NewStub(channel);
    grpc::ClientContext context;
    v1::TriggerRequest request;
    request.set_name("known");
    v1::TriggerResponse response;
    return secure->Trigger(&context, request, &response);
  }

  hawser::testing::TempDir files;
  testing::TestPki authority{files};
  ListenOptions tls;
  std::unique_ptr<RpcServer> tcp;
};

TEST_F(RpcServerTlsTest, TheOperatorIsKnownByItsName) {
  EXPECT_TRUE(call(authority.issue("operator", "DNS:hawser-operator")).ok());
  EXPECT_TRUE(call(authority.issue("both", "DNS:other,DNS:hawser-operator")).ok());
}

TEST_F(RpcServerTlsTest, AnotherNameOfTheSameAuthorityIsRefused) {
  const auto status = call(authority.issue("node-b", "DNS:node-b"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  // A common name is no name.
  EXPECT_EQ(call(authority.issue("hawser-operator", "DNS:node-c")).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(RpcServerTlsTest, NoCertificateOrOneOfAnotherAuthorityIsNoConnection) {
  EXPECT_EQ(call(std::nullopt).error_code(), grpc::StatusCode::UNAVAILABLE);
  testing::TestPki other(files, "other");
  EXPECT_EQ(call(other.issue("operator-2", "DNS:hawser-operator")).error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST_F(RpcServerTlsTest, AFileThatIsNotThereIsNamed) {
  tls.tls_key_file = files.file("nowhere");
  auto refused = check(tls);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("--tls-key: cannot read"));
}

// grpc.health.v1.Health/Check in bytes: HealthCheckRequest{} to HealthCheckResponse{status}.
std::string probe(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  grpc::Slice empty;
  grpc::ByteBuffer request(&empty, 1);
  grpc::ByteBuffer response;
  auto rpc = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", request, &queue);
  rpc->StartCall();
  grpc::Status status;
  rpc->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  EXPECT_TRUE(queue.Next(&tag, &ok));
  EXPECT_TRUE(status.ok()) << status.error_message();
  grpc::Slice slice;
  EXPECT_TRUE(response.DumpToSingleSlice(&slice).ok());
  return {slice.begin(), slice.end()};
}
std::shared_ptr<grpc::Channel> channel_to(const HealthServer& health) {
  return grpc::CreateChannel("127.0.0.1:" + std::to_string(health.port()),
                             grpc::InsecureChannelCredentials());
}
const std::string kServing = "\x08\x01", kNotServing = "\x08\x02";

TEST(HealthServerTest, AnswersProbes) {
  auto health = HealthServer::start("127.0.0.1:0");
  ASSERT_TRUE(health);
  const auto channel = channel_to(**health);
  EXPECT_EQ(probe(channel), kServing);
  (*health)->stop_serving();
  EXPECT_EQ(probe(channel), kNotServing);
  (*health)->beat();
  EXPECT_EQ(probe(channel), kNotServing) << "on the way out for good";
}

TEST(HealthServerTest, ALoopThatDoesNotTurnIsNotWell) {
  auto health = HealthServer::start("127.0.0.1:0", std::chrono::milliseconds(200));
  ASSERT_TRUE(health);
  const auto channel = channel_to(**health);
  const auto becomes = [&](const std::string& wanted, bool beating) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < deadline) {
      if (beating) (*health)->beat();
      if (probe(channel) == wanted) return true;
    }
    return false;
  };
  EXPECT_TRUE(becomes(kNotServing, false));
  EXPECT_TRUE(becomes(kServing, true));
  EXPECT_TRUE(becomes(kNotServing, false));
}

}  // namespace
}  // namespace hawser::agent
