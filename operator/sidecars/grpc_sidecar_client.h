#pragma once

#include <functional>
#include <memory>

#include "operator/sidecars/sidecar_address.h"
#include "operator/sidecars/sidecar_client.h"
#include "operator/sidecars/sync_session.h"

namespace hawser::sidecars {

// SidecarClient over gRPC. One thread of its own runs the stream and the waits between attempts; every
// attempt makes a new channel and reads the TLS files again.
class GrpcSidecarClient final : public SidecarClient {
 public:
  struct Options {
    SidecarAddress address;
    SyncSession::Identity identity;
    Backoff::Limits backoff;
    std::shared_ptr<Jitter> jitter;
    const Clock* clock = nullptr;  // outlives the client
    std::function<void()>
        on_changed;  // from the client's thread, whenever snapshot() changed; must not call back
  };
  // Of a message of the sidecar. The largest is the full status; one of 10,000 connections has about half.
  static constexpr int kMaxReceiveSize = 16 << 20;
  explicit GrpcSidecarClient(Options options);
  // Ends the stream and the thread. The sidecar keeps its tunnels.
  ~GrpcSidecarClient() override;
  void set_desired(Desired desired) override;
  SidecarSnapshot snapshot() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hawser::sidecars
