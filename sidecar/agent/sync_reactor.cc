#include "sidecar/agent/sync_reactor.h"

namespace hawser::agent {

grpc::StatusCode to_grpc(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidArgument:
      return grpc::StatusCode::INVALID_ARGUMENT;
    case ErrorCode::NotFound:
      return grpc::StatusCode::NOT_FOUND;
    case ErrorCode::AlreadyExists:
      return grpc::StatusCode::ABORTED;  // a newer stream
    case ErrorCode::PermissionDenied:
      return grpc::StatusCode::FAILED_PRECONDITION;  // a higher epoch
    case ErrorCode::Unavailable:
      return grpc::StatusCode::UNAVAILABLE;
    case ErrorCode::Unsupported:
      return grpc::StatusCode::UNIMPLEMENTED;
    case ErrorCode::Corrupt:
    case ErrorCode::Internal:
      return grpc::StatusCode::INTERNAL;
  }
  return grpc::StatusCode::INTERNAL;
}

SyncReactor* SyncReactor::open(StreamId id, const RpcServer::Handler& handler) {
  std::shared_ptr<SyncReactor> reactor(new SyncReactor(id, handler));
  reactor->self_ = reactor;
  handler.post([&handler, id, reactor] { handler.opened(id, reactor); });
  return reactor.get();
}

void SyncReactor::send(v1::SidecarMessage message) {
  std::lock_guard lock(mutex_);
  if (final_status_) return;
  outgoing_.push_back(std::move(message));
  advance();
}

void SyncReactor::read_next() {
  std::lock_guard lock(mutex_);
  if (!final_status_) StartRead(&incoming_);
}

void SyncReactor::finish(const Error& error) { finish_with({to_grpc(error.code), error.message}); }

void SyncReactor::finish_with(grpc::Status status) {
  std::lock_guard lock(mutex_);
  if (final_status_) return;
  final_status_ = std::move(status);
  // What waits behind the write in flight is of no use to a stream that ends.
  if (outgoing_.size() > 1) outgoing_.resize(1);
  if (!writing_) outgoing_.clear();
  advance();
}

bool SyncReactor::idle() const {
  std::lock_guard lock(mutex_);
  return outgoing_.empty() && !final_status_;
}

void SyncReactor::advance() {
  if (writing_ || finished_) return;
  if (!outgoing_.empty()) {
    writing_ = true;
    StartWrite(&outgoing_.front());
  } else if (final_status_) {
    finished_ = true;
    Finish(*final_status_);
  }
}

void SyncReactor::OnReadDone(bool ok) {
  if (!ok) {
    finish_with(grpc::Status::OK);
    return;
  }
  // Moved, not copied: the message holds shared keys, and the loop wipes them.
  auto message = std::make_shared<v1::OperatorMessage>(std::move(incoming_));
  incoming_.Clear();
  handler_.post([this, self = self_, message] { handler_.received(id_, std::move(*message)); });
}

void SyncReactor::OnWriteDone(bool ok) {
  {
    std::lock_guard lock(mutex_);
    writing_ = false;
    outgoing_.pop_front();
    if (!ok) outgoing_.clear();
    advance();
    if (!outgoing_.empty() || finished_) return;
  }
  handler_.post([] {});  // the loop may have held back a status
}

void SyncReactor::OnCancel() { finish_with(grpc::Status::CANCELLED); }

void SyncReactor::OnDone() {
  const auto self = std::move(self_);
  handler_.post([this, self] { handler_.closed(id_); });
}

}  // namespace hawser::agent
