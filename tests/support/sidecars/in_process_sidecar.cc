#include "tests/support/sidecars/in_process_sidecar.h"

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <sstream>

#include "hawser/v1/sidecar.grpc.pb.h"

namespace hawser::testing {
namespace {

using Stream = grpc::ServerReaderWriter<v1::SidecarMessage, v1::OperatorMessage>;

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::shared_ptr<grpc::ServerCredentials> credentials(const InProcessSidecar::Tls* tls) {
  if (tls == nullptr) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = read_file(tls->ca);
  options.pem_key_cert_pairs.push_back({read_file(tls->key), read_file(tls->certificate)});
  return grpc::SslServerCredentials(options);
}

}  // namespace

struct InProcessSidecar::Impl final : v1::SidecarService::Service {
  grpc::Status Sync(grpc::ServerContext* context, Stream* stream) override {
    {
      std::lock_guard lock(mutex);
      if (!refusal.empty()) return {grpc::StatusCode::FAILED_PRECONDITION, refusal};
      current = stream;
      current_context = context;
    }
    v1::OperatorMessage message;
    while (stream->Read(&message)) {
      std::lock_guard lock(mutex);
      received.push_back(message);
      if (message.has_hello()) {
        v1::SidecarMessage reply;
        *reply.mutable_hello() = hello;
        stream->Write(reply);
      }
      changed.notify_all();
    }
    std::lock_guard lock(mutex);
    if (current == stream) current = nullptr;  // a newer one may have come
    return grpc::Status::OK;
  }

  mutable std::mutex mutex;
  std::condition_variable changed;
  v1::Hello hello;
  std::string refusal;
  Messages received;
  Stream* current = nullptr;
  grpc::ServerContext* current_context = nullptr;
  int port = 0;
  std::unique_ptr<grpc::Server> server;
};

InProcessSidecar::InProcessSidecar(const std::string& address, const Tls* tls)
    : impl_(std::make_unique<Impl>()) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, credentials(tls), &impl_->port);
  builder.RegisterService(impl_.get());
  impl_->server = builder.BuildAndStart();
}

InProcessSidecar::~InProcessSidecar() {
  // Calls that are open are cancelled at once.
  impl_->server->Shutdown(std::chrono::system_clock::now());
  impl_->server->Wait();
}

int InProcessSidecar::port() const { return impl_->port; }

void InProcessSidecar::set_hello(const v1::Hello& hello) {
  std::lock_guard lock(impl_->mutex);
  impl_->hello = hello;
}

void InProcessSidecar::refuse(const std::string& why) {
  std::lock_guard lock(impl_->mutex);
  impl_->refusal = why;
}

void InProcessSidecar::say(const v1::SidecarMessage& message) {
  std::lock_guard lock(impl_->mutex);
  if (impl_->current != nullptr) impl_->current->Write(message);
}

void InProcessSidecar::break_stream() {
  std::lock_guard lock(impl_->mutex);
  if (impl_->current != nullptr) impl_->current_context->TryCancel();
}

bool InProcessSidecar::wait_until(const std::function<bool(const Messages&)>& condition) {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_for(lock, std::chrono::seconds(10), [&] { return condition(impl_->received); });
}

InProcessSidecar::Messages InProcessSidecar::received() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->received;
}

const v1::DesiredState* last_desired(const InProcessSidecar::Messages& messages) {
  for (auto message = messages.rbegin(); message != messages.rend(); ++message)
    if (message->has_desired_state()) return &message->desired_state();
  return nullptr;
}

v1::SidecarMessage ack_all(const v1::DesiredState& state) {
  v1::SidecarMessage message;
  v1::Ack& ack = *message.mutable_ack();
  ack.set_generation(state.generation());
  for (const auto& entry : state.entries()) {
    v1::Ack::Entry& out = *ack.add_entries();
    out.set_namespace_(entry.namespace_());
    out.set_name(entry.name());
    out.set_code("OK");
  }
  return message;
}

}  // namespace hawser::testing
