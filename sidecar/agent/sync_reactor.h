#pragma once

#include <grpcpp/grpcpp.h>

#include <deque>
#include <mutex>
#include <optional>

#include "hawser/v1/sidecar.grpc.pb.h"
#include "sidecar/agent/rpc_server.h"

namespace hawser::agent {

grpc::StatusCode to_grpc(ErrorCode code);

// One Sync call. gRPC's threads and the loop meet here, under one mutex that is never held while calling out
// to ours.
class SyncReactor final : public grpc::ServerBidiReactor<v1::OperatorMessage, v1::SidecarMessage>,
                          public SyncStream {
 public:
  // Lives until gRPC is done with it and the loop has let go.
  static SyncReactor* open(StreamId id, const RpcServer::Handler& handler);

  void send(v1::SidecarMessage message) override;
  void read_next() override;
  void finish(const Error& error) override;
  bool idle() const override;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  SyncReactor(StreamId id, const RpcServer::Handler& handler) : id_(id), handler_(handler) {}
  void advance();  // REQUIRES: mutex_ held
  void finish_with(grpc::Status status);

  const StreamId id_;
  const RpcServer::Handler& handler_;
  std::shared_ptr<SyncReactor> self_;
  v1::OperatorMessage incoming_;
  mutable std::mutex mutex_;
  std::deque<v1::SidecarMessage> outgoing_;  // guarded by mutex_, as all below
  bool writing_ = false;
  bool finished_ = false;
  std::optional<grpc::Status> final_status_;
};

}  // namespace hawser::agent
