#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "operator/sidecars/backoff.h"
#include "operator/sidecars/sidecar_client.h"

namespace hawser::sidecars {

// The operator's side of SidecarService.Sync, without stream, clock or thread: what came in and what happened
// go in, messages to send and the time of the next attempt come out. One for each sidecar, across all its
// streams.
//
//   session.handle_open(now);  while (auto m = session.poll_transmit()) write(*m);
//   session.handle_message(now, read);  ... session.handle_closed(now, status); wait until
//   session.next_attempt();
class SyncSession {
 public:
  struct Identity {
    std::string version;
    uint64_t epoch = 0;
    std::string identity;  // host and process of the operator
  };
  // `node`: who the sidecar must say it is; empty: whoever it is. Where all sidecars have one certificate, an
  // address that went to another node is told by this alone.
  SyncSession(std::string name, Identity identity, Backoff backoff, std::string node = {});

  void set_desired(Desired desired);
  // A new stream is open: our Hello is to be sent.
  void handle_open(TimePoint now);
  void handle_message(TimePoint now, const v1::SidecarMessage& message);
  // The transport found that the sidecar does what none does: it is left, and tried again after a long while.
  void accuse(const std::string& why);
  // The stream is over, or was never reached. `refused`: FAILED_PRECONDITION, a higher epoch is in force.
  void handle_closed(TimePoint now, bool refused, const std::string& why);

  // The next message to write; call again until it has none.
  std::optional<v1::OperatorMessage> poll_transmit();
  // Why this stream must end: the sidecar did what none does. Empty: nothing is wrong, or it has ended.
  const std::string& violation() const { return violation_; }
  // When to try again; meaningful after handle_closed.
  TimePoint next_attempt() const { return next_attempt_; }
  const SidecarSnapshot& snapshot() const { return snapshot_; }
  // True once after the snapshot changed.
  bool take_changed();

 private:
  bool is_asked_for(const ConnectionName& name) const;
  void on_hello(TimePoint now, const v1::Hello& hello);
  void on_ack(const v1::Ack& ack);
  void on_status(const v1::SidecarStatus& status);
  v1::OperatorMessage make_desired_state();

  Identity identity_;
  Backoff backoff_;
  std::string node_;
  std::string violation_;  // of this stream
  bool greeted_ = false;   // by the sidecar, on this stream
  SidecarSnapshot snapshot_;
  std::optional<Desired> desired_;
  bool hello_due_ = false;
  bool desired_due_ = false;
  bool changed_ = true;
  uint64_t next_generation_ = 1;  // counts per epoch, so it goes on from stream to stream
  std::map<ConnectionName, v1::HeldConnection> held_;
  std::map<uint64_t, std::map<ConnectionName, SpecRevision>> unacked_;  // by generation
  std::set<ConnectionName> sent_;                                       // in the last DesiredState
  TimePoint next_attempt_{};
};

}  // namespace hawser::sidecars
