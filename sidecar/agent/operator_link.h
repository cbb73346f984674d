#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "hawser/v1/sidecar.pb.h"
#include "sidecar/agent/epoch_gate.h"
#include "sidecar/status/change_feed.h"

namespace hawser::agent {

// One open Sync stream, as the loop sees it. Implementations take calls from the loop thread only.
class SyncStream {
 public:
  virtual ~SyncStream() = default;
  virtual void send(v1::SidecarMessage message) = 0;
  // Lets the next message come; one at a time, so that a fast operator cannot fill the mailbox.
  virtual void read_next() = 0;
  // InvalidArgument, PermissionDenied (a higher epoch), Unavailable (going down), AlreadyExists (a newer
  // stream).
  virtual void finish(const Error& error) = 0;
  // Nothing waits to be written.
  virtual bool idle() const = 0;
};

// The operator's side of the sidecar: Hello, epochs, DesiredState and its Ack, status. Loop thread only; no
// gRPC here.
class OperatorLink {
 public:
  struct Parts {
    std::string version;
    std::string node;
    std::function<v1::Ack(v1::DesiredState&)> apply;
    std::function<std::vector<v1::HeldConnection>()> held;
    std::function<void(const std::string&)> log;
  };
  explicit OperatorLink(Parts parts) : parts_(std::move(parts)) {}

  void opened(StreamId id, std::shared_ptr<SyncStream> stream);
  void received(StreamId id, v1::OperatorMessage message);
  void closed(StreamId id);
  // Sends what changed to the stream in force. Cheap when the snapshot is the one of last time.
  void publish(TimePoint now, const std::shared_ptr<const status::Snapshot>& snapshot);
  std::optional<TimePoint> next_due() const;
  // No stream is accepted from here on.
  void shut_down();

 private:
  struct Open {
    std::shared_ptr<SyncStream> stream;
    bool greeted = false;
    std::string identity;
    status::ChangeFeed feed;
    std::shared_ptr<const status::Snapshot> told;
  };
  void take(StreamId id, v1::OperatorMessage& message);
  void greet(StreamId id, Open& open, const v1::Hello& hello);
  void desire(StreamId id, Open& open, v1::DesiredState& desired);
  void refuse(StreamId id, const Error& error);

  Parts parts_;
  EpochGate gate_;
  std::map<StreamId, Open> streams_;
  bool down_ = false;
};

}  // namespace hawser::agent
