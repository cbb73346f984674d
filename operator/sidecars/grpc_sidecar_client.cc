#include "operator/sidecars/grpc_sidecar_client.h"

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>

#include "common/spec/wipe.h"
#include "hawser/v1/sidecar.grpc.pb.h"

namespace hawser::sidecars {
namespace {

// A stream on which the sidecar has not said Hello by then is given up.
constexpr auto kHelloTimeout = std::chrono::seconds(10);
constexpr int kMaxSendSize = 64 << 20;  // as the sidecar's server takes
constexpr int kKeepaliveTimeMs = 20'000;
constexpr int kKeepaliveTimeoutMs = 10'000;

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || text.str().empty())
    return Error{ErrorCode::Unavailable, "cannot read the TLS file '" + path + "'"};
  return text.str();
}

// The newest there is, at each attempt.
Result<grpc::SslCredentialsOptions> tls_options(const SidecarAddress& address) {
  grpc::SslCredentialsOptions tls;
  if (address.tls == nullptr) {
    ASSIGN_OR_RETURN(tls.pem_root_certs, read_file(address.tls_ca));
    ASSIGN_OR_RETURN(tls.pem_cert_chain, read_file(address.tls_certificate));
    ASSIGN_OR_RETURN(tls.pem_private_key, read_file(address.tls_key));
    return tls;
  }
  const auto identity = address.tls->get();
  if (identity == nullptr)
    return Error{ErrorCode::Unavailable, "the operator has no certificate of its own yet"};
  const BytesView key = identity->key.view();
  tls.pem_root_certs = identity->authorities;
  tls.pem_cert_chain = identity->certificate;
  tls.pem_private_key.assign(key.begin(), key.end());
  return tls;
}

void wipe_text(std::string& text) { wipe({reinterpret_cast<uint8_t*>(text.data()), text.size()}); }

Result<std::shared_ptr<grpc::Channel>> make_channel(const SidecarAddress& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(GrpcSidecarClient::kMaxReceiveSize);
  arguments.SetMaxSendMessageSize(kMaxSendSize);
  // Waits between attempts are ours; a shared subchannel would add its own.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (address.is_unix())
    return grpc::CreateCustomChannel(address.target, grpc::InsecureChannelCredentials(), arguments);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // The certificate must be that of this sidecar, whatever address leads to it.
  arguments.SetSslTargetNameOverride(address.server_name.empty() ? address.name : address.server_name);
  ASSIGN_OR_RETURN(grpc::SslCredentialsOptions tls, tls_options(address));
  auto credentials = grpc::SslCredentials(tls);
  wipe_text(tls.pem_private_key);
  return grpc::CreateCustomChannel(address.target, credentials, arguments);
}

}  // namespace

struct GrpcSidecarClient::Impl {
  class Stream;

  explicit Impl(Options given)
      : options(std::move(given)),
        session(options.address.name, options.identity, Backoff(options.backoff, options.jitter),
                // A name of its own in the certificate says who it is.
                options.address.server_name.empty() ? std::string() : options.address.name) {}

  void run();
  void run_stream(const std::shared_ptr<grpc::Channel>& channel);
  void close(bool refused, const std::string& why);
  // Calls `change` under the lock, then tells the owner if it made a difference.
  template <typename Change>
  void with_session(Change change) {
    bool changed;
    {
      std::lock_guard lock(mutex);
      change();
      changed = session.take_changed();
    }
    wake.notify_all();
    if (changed && options.on_changed) options.on_changed();
  }

  const Options options;
  mutable std::mutex mutex;
  std::condition_variable wake;
  SyncSession session;       // guarded by mutex
  Stream* stream = nullptr;  // guarded by mutex; null while there is none
  bool stopping = false;     // guarded by mutex
  std::thread thread;
};

// One call of Sync. gRPC's threads run the On... functions, one at a time; every member is guarded by the
// client's mutex.
class GrpcSidecarClient::Impl::Stream final
    : public grpc::ClientBidiReactor<v1::OperatorMessage, v1::SidecarMessage> {
 public:
  explicit Stream(Impl& client) : client_(client) {}
  ~Stream() override { wipe_outgoing(); }

  void start(v1::SidecarService::Stub& stub, grpc::ClientContext& context) {
    stub.async()->Sync(&context, this);
    // Writes also start from set_desired, outside of a reaction: the hold keeps the call alive for them.
    AddHold();
    StartRead(&incoming_);
    pump();
    StartCall();
  }
  // REQUIRES: the client's mutex is held.
  void pump() {
    if (writing_ || !open_) return;
    auto message = client_.session.poll_transmit();
    if (!message) return;
    outgoing_ = *std::move(message);
    writing_ = true;
    StartWrite(&outgoing_);
  }
  const std::optional<grpc::Status>& done() const { return done_; }

  void OnReadDone(bool ok) override {
    bool ended = false;
    client_.with_session([&] {
      if (ok) {
        client_.session.handle_message(client_.options.clock->now(), incoming_);
        pump();
      } else {
        ended = std::exchange(open_, false);
      }
    });
    if (ok) StartRead(&incoming_);
    if (ended) RemoveHold();
  }
  void OnWriteDone(bool ok) override {
    client_.with_session([&] {
      writing_ = false;
      wipe_outgoing();
      if (ok) pump();
    });
  }
  void OnDone(const grpc::Status& status) override {
    // The waiting thread destroys this object as soon as it may: nothing of it is touched after the lock is
    // released.
    Impl& client = client_;
    std::lock_guard lock(client.mutex);
    done_ = status;
    client.wake.notify_all();
  }

 private:
  void wipe_outgoing() {
    if (outgoing_.has_desired_state()) spec::wipe_keys(*outgoing_.mutable_desired_state());
    outgoing_.Clear();
  }

  Impl& client_;
  v1::SidecarMessage incoming_;
  v1::OperatorMessage outgoing_;
  bool open_ = true;
  bool writing_ = false;
  std::optional<grpc::Status> done_;
};

void GrpcSidecarClient::Impl::run_stream(const std::shared_ptr<grpc::Channel>& channel) {
  auto stub = v1::SidecarService::NewStub(channel);
  grpc::ClientContext context;
  Stream call(*this);
  std::unique_lock lock(mutex);
  session.handle_open(options.clock->now());
  stream = &call;
  call.start(*stub, context);
  auto over = [&] { return call.done().has_value(); };
  auto done = [&] { return over() || stopping || !session.violation().empty(); };
  auto said_hello = [&] { return session.snapshot().state == LinkState::Connected || done(); };
  const bool in_time = wake.wait_for(lock, kHelloTimeout, said_hello);
  if (in_time) wake.wait(lock, done);
  if (!over()) {
    context.TryCancel();
    wake.wait(lock, over);
  }
  stream = nullptr;
  const grpc::Status status = *call.done();
  lock.unlock();
  const std::string why = in_time ? status.error_message() : "the sidecar did not say Hello in time";
  // A message beyond the limits: it would be sent again as soon as it is asked again.
  if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) with_session([&] { session.accuse(why); });
  close(status.error_code() == grpc::StatusCode::FAILED_PRECONDITION,
        status.ok() ? "the sidecar ended the stream" : why);
}

void GrpcSidecarClient::Impl::close(bool refused, const std::string& why) {
  with_session([&] { session.handle_closed(options.clock->now(), refused, why); });
}

void GrpcSidecarClient::Impl::run() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    lock.unlock();
    auto channel = make_channel(options.address);
    if (channel) {
      run_stream(*channel);
    } else {
      close(false, channel.error().message);
    }
    lock.lock();
    const Duration wait = session.next_attempt() - options.clock->now();
    wake.wait_for(lock, wait, [&] { return stopping; });
  }
}

GrpcSidecarClient::GrpcSidecarClient(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {
  impl_->thread = std::thread([this] { impl_->run(); });
}

GrpcSidecarClient::~GrpcSidecarClient() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    impl_->wake.notify_all();
  }
  impl_->thread.join();
}

void GrpcSidecarClient::set_desired(Desired desired) {
  std::lock_guard lock(impl_->mutex);
  impl_->session.set_desired(std::move(desired));
  if (impl_->stream != nullptr) impl_->stream->pump();
}

SidecarSnapshot GrpcSidecarClient::snapshot() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->session.snapshot();
}

}  // namespace hawser::sidecars
