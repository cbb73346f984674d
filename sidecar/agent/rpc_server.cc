#include "sidecar/agent/rpc_server.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "hawser/v1/sidecar.grpc.pb.h"
#include "sidecar/agent/connection_gate.h"
#include "sidecar/agent/sync_reactor.h"
#include "sidecar/dataplane/node/unique_fd.h"

namespace hawser::agent {
namespace {

constexpr int kMaxMessageSize = 64 << 20;  // 1,000 connections with 64 prefixes each are about 4 MB
constexpr int kMinPingIntervalMs = 10'000;
constexpr unsigned kTlsLookSeconds = 1;
// What anybody who reaches a port can make the process hold. The tunnels share its memory: theirs must not be
// taken by connections. A connection needs one stream or two.
constexpr int kMaxStreams = 4;
constexpr int kHandshakeLimitMs = 5'000;
constexpr size_t kSyncMemory = 2 * size_t{kMaxMessageSize};
constexpr size_t kHealthMemory = 16 << 20;
constexpr int kHealthConnectionMs = 10'000;
constexpr std::string_view kUnixScheme = "unix:";

class Service final : public v1::SidecarService::CallbackService {
 public:
  Service(RpcServer::Handler handler, std::string peer_name)
      : handler_(std::move(handler)), peer_name_(std::move(peer_name)) {}

  grpc::ServerBidiReactor<v1::OperatorMessage, v1::SidecarMessage>* Sync(
      grpc::CallbackServerContext* context) override {
    if (!peer_allowed(*context)) {
      struct Refused final : grpc::ServerBidiReactor<v1::OperatorMessage, v1::SidecarMessage> {
        void OnDone() override { delete this; }
      };
      auto* refused = new Refused;
      refused->Finish(wrong_peer());
      return refused;
    }
    return SyncReactor::open(++last_stream_, handler_);
  }

  grpc::ServerUnaryReactor* Trigger(grpc::CallbackServerContext* context, const v1::TriggerRequest* request,
                                    v1::TriggerResponse*) override {
    auto* reactor = context->DefaultReactor();
    if (!peer_allowed(*context)) {
      reactor->Finish(wrong_peer());
      return reactor;
    }
    handler_.post([this, request, reactor] {
      const auto result = handler_.trigger(*request);
      reactor->Finish(result ? grpc::Status::OK
                             : grpc::Status(to_grpc(result.error().code), result.error().message));
    });
    return reactor;
  }

 private:
  // gRPC has verified the chain; whose certificate it is stays for us to check.
  bool peer_allowed(const grpc::CallbackServerContext& context) const {
    if (peer_name_.empty()) return true;
    const auto auth = context.auth_context();
    if (!auth || !auth->IsPeerAuthenticated()) return false;
    for (const auto& name : auth->FindPropertyValues("x509_subject_alternative_name")) {
      if (std::string_view(name.data(), name.size()) == peer_name_) return true;
    }
    return false;
  }
  static grpc::Status wrong_peer() {
    return {grpc::StatusCode::PERMISSION_DENIED,
            "the certificate does not carry the name given by --tls-peer-name"};
  }

  RpcServer::Handler handler_;
  std::string peer_name_;
  std::atomic<StreamId> last_stream_{0};
};

Result<void> check_readable(const std::string& flag, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (file && file.peek() != std::ifstream::traits_type::eof()) return {};
  return Error{ErrorCode::InvalidArgument, flag + ": cannot read '" + path + "'"};
}

Result<void> check_tls(const ListenOptions& options) {
  if (options.tls_cert_file.empty() || options.tls_key_file.empty() || options.tls_ca_file.empty() ||
      options.tls_peer_name.empty()) {
    return Error{ErrorCode::InvalidArgument,
                 "--listen " + options.address +
                     ": TCP needs mutual TLS; give --tls-cert, --tls-key, --tls-ca and "
                     "--tls-peer-name, or listen on unix:PATH"};
  }
  RETURN_IF_ERROR(check_readable("--tls-cert", options.tls_cert_file));
  RETURN_IF_ERROR(check_readable("--tls-key", options.tls_key_file));
  return check_readable("--tls-ca", options.tls_ca_file);
}

// The files are looked at every second; a handshake takes what was read last, streams that are open keep
// what they began with. A key that is not the certificate's lets nobody in until the files are mended.
std::shared_ptr<grpc::ServerCredentials> tls_credentials(const ListenOptions& options) {
  auto files = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      options.tls_key_file, options.tls_cert_file, options.tls_ca_file, kTlsLookSeconds);
  grpc::experimental::TlsServerCredentialsOptions tls(std::move(files));
  tls.watch_identity_key_cert_pairs();
  tls.watch_root_certs();
  tls.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(tls);
}

// A socket that nobody listens on is a leftover; one that answers belongs to a sidecar that runs.
Result<void> clear_stale_socket(const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode)) {
    return Error{ErrorCode::InvalidArgument,
                 "--listen: '" + path + "' exists and is not a socket; choose another path"};
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  dataplane::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd && connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    return Error{ErrorCode::Unavailable, "--listen: another sidecar listens on '" + path + "'"};
  }
  unlink(path.c_str());
  return {};
}

Result<void> prepare_unix_path(const std::string& path) {
  if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
    return Error{ErrorCode::InvalidArgument, "--listen: the path of a unix socket has 1.." +
                                                 std::to_string(sizeof(sockaddr_un::sun_path) - 1) +
                                                 " characters"};
  }
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code failed;
  if (!folder.empty()) std::filesystem::create_directories(folder, failed);
  if (failed) {
    return Error{ErrorCode::InvalidArgument,
                 "--listen: cannot make folder '" + folder.string() + "': " + failed.message()};
  }
  return clear_stale_socket(path);
}

// Over its quota a server takes no connection and no stream more until it holds less.
void bound(grpc::ServerBuilder& builder, const char* name, size_t octets) {
  grpc::ResourceQuota quota(name);
  quota.Resize(octets);
  builder.SetResourceQuota(quota);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreams);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeLimitMs);
}

// Connections come in through a gate. Call serve() when the server has started.
struct GatedPort {
  static Result<GatedPort> open(const std::string& address, grpc::ServerBuilder& builder,
                                const std::shared_ptr<grpc::ServerCredentials>& credentials) {
    GatedPort out;
    ASSIGN_OR_RETURN(out.gate, ConnectionGate::listen(address));
    using Type = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
    out.acceptor = builder.experimental().AddExternalConnectionAcceptor(Type::FROM_FD, credentials);
    return out;
  }
  void serve() const {
    gate->open([to = acceptor.get()](dataplane::UniqueFd connection, int listener) {
      grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
      parameters.listener_fd = listener;
      parameters.fd = connection.release();
      to->HandleNewConnection(&parameters);
    });
  }

  // The gate ends first.
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor;
  std::unique_ptr<ConnectionGate> gate;
};

Error cannot_listen(const std::string& flag, const std::string& address) {
  return {ErrorCode::Unavailable,
          flag + " " + address + ": cannot listen there; is the address right and free?"};
}

}  // namespace

Result<void> check(const ListenOptions& options) {
  if (options.address.starts_with(kUnixScheme)) return {};
  return check_tls(options);
}

struct RpcServer::Impl {
  std::unique_ptr<Service> service;
  std::unique_ptr<grpc::Server> server;
  std::string unix_path;
  GatedPort tcp;
};

RpcServer::RpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RpcServer::~RpcServer() { shut_down(); }
int RpcServer::port() const { return impl_->tcp.gate ? impl_->tcp.gate->port() : 0; }

Result<std::unique_ptr<RpcServer>> RpcServer::start(const ListenOptions& options, Handler handler) {
  auto impl = std::make_unique<Impl>();
  std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
  const bool unix_socket = options.address.starts_with(kUnixScheme);
  if (unix_socket) {
    impl->unix_path = options.address.substr(kUnixScheme.size());
    RETURN_IF_ERROR(prepare_unix_path(impl->unix_path));
  } else {
    RETURN_IF_ERROR(check_tls(options));
    credentials = tls_credentials(options);
  }
  impl->service =
      std::make_unique<Service>(std::move(handler), unix_socket ? std::string() : options.tls_peer_name);
  grpc::ServerBuilder builder;
  bound(builder, "sync", kSyncMemory);
  builder.SetMaxReceiveMessageSize(kMaxMessageSize);
  // An operator on TCP pings every 20 s, to notice a node that died; the default closes on more than one in 5
  // minutes.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kMinPingIntervalMs);
  if (unix_socket) {
    builder.AddListeningPort(options.address, credentials);
  } else {
    auto tcp = GatedPort::open(options.address, builder, credentials);
    if (!tcp) return cannot_listen("--listen", options.address);
    impl->tcp = std::move(*tcp);
  }
  builder.RegisterService(impl->service.get());
  // The socket must never be open to others, not even between bind and chmod.
  const mode_t before = umask(0177);
  impl->server = builder.BuildAndStart();
  umask(before);
  if (!impl->server) return cannot_listen("--listen", options.address);
  if (impl->tcp.gate) impl->tcp.serve();
  return std::unique_ptr<RpcServer>(new RpcServer(std::move(impl)));
}

void RpcServer::shut_down() {
  if (!impl_->server) return;
  if (impl_->tcp.gate) impl_->tcp.gate->close();
  impl_->server->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(500));
  impl_->server->Wait();
  impl_->server.reset();
  if (!impl_->unix_path.empty()) unlink(impl_->unix_path.c_str());
}

// A thread of its own watches the loop: whoever hangs cannot say so.
struct HealthServer::Impl {
  grpc::CallbackGenericService nothing_else;  // a server needs a service of the application
  std::unique_ptr<grpc::Server> server;
  GatedPort tcp;

  SystemClock clock;
  Duration hang{};
  std::atomic<Duration::rep> last_beat{0};
  std::mutex mutex;
  std::condition_variable wake;
  bool ending = false;   // guarded by mutex
  bool stopped = false;  // guarded by mutex
  std::thread watch;

  void run() {
    std::unique_lock lock(mutex);
    while (!ending) {
      const Duration silent = clock.now().time_since_epoch() - Duration(last_beat.load());
      server->GetHealthCheckService()->SetServingStatus(!stopped && silent < hang);
      wake.wait_for(lock, hang / 8);
    }
  }
  ~Impl() {
    if (watch.joinable()) {
      {
        std::lock_guard lock(mutex);
        ending = true;
      }
      wake.notify_all();
      watch.join();
    }
    if (tcp.gate) tcp.gate->close();
    if (server) server->Shutdown(std::chrono::system_clock::now());
  }
};

HealthServer::HealthServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HealthServer::~HealthServer() = default;
int HealthServer::port() const { return impl_->tcp.gate->port(); }

Result<std::unique_ptr<HealthServer>> HealthServer::start(const std::string& address, Duration hang) {
  auto impl = std::make_unique<Impl>();
  grpc::ServerBuilder builder;
  auto tcp = GatedPort::open(address, builder, grpc::InsecureServerCredentials());
  if (!tcp) return cannot_listen("--health-address", address);
  impl->tcp = std::move(*tcp);
  // A process-wide switch that ServerBuilder reads; off again, so that the other server has no second health
  // service.
  grpc::EnableDefaultHealthCheckService(true);
  bound(builder, "health", kHealthMemory);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, kHealthConnectionMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, kHealthConnectionMs / 10);
  builder.RegisterCallbackGenericService(&impl->nothing_else);
  impl->server = builder.BuildAndStart();
  grpc::EnableDefaultHealthCheckService(false);
  if (!impl->server) return cannot_listen("--health-address", address);
  impl->tcp.serve();
  impl->hang = hang;
  impl->last_beat = impl->clock.now().time_since_epoch().count();
  impl->watch = std::thread([raw = impl.get()] { raw->run(); });
  return std::unique_ptr<HealthServer>(new HealthServer(std::move(impl)));
}

void HealthServer::beat() { impl_->last_beat = impl_->clock.now().time_since_epoch().count(); }

void HealthServer::stop_serving() {
  std::lock_guard lock(impl_->mutex);
  impl_->stopped = true;
  impl_->server->GetHealthCheckService()->SetServingStatus(false);
}

}  // namespace hawser::agent
