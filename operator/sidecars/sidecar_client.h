#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "hawser/v1/sidecar.pb.h"

namespace hawser::sidecars {

// "namespace/name"
using ConnectionName = std::string;

// Counts the specs an operator has given one connection, from 1; 0 is a hold. It ties an Ack to what it
// acknowledges.
using SpecRevision = uint64_t;

// What one connection shall be. The spec holds the shared key: it is shared, never copied into a log.
struct DesiredEntry {
  std::string namespace_;
  std::string name;
  std::string uid;
  SpecRevision revision = 0;
  std::shared_ptr<const v1::ConnectionSpec> spec;  // null: hold, that is keep what you have
};

// The whole of what one sidecar shall have.
struct Desired {
  std::vector<DesiredEntry> entries;
  // The operator does not know every object yet (a file that never parsed): connections that the sidecar
  // holds and that are not in `entries` are held too, not removed.
  bool hold_others = false;
};

enum class LinkState : uint8_t {
  Connecting,   // no attempt has ended yet since the start
  Connected,    // both Hellos are through
  Unreachable,  // the last attempt failed or the stream broke; it is tried again for ever
  Refused,      // a higher epoch is in force: another operator is in charge
};

struct AckedEntry {
  SpecRevision revision = 0;
  std::string code;  // "OK" | "INVALID_ARGUMENT" | "UNSUPPORTED" | "INTERNAL"
  std::string field_path;
  std::string message;
};

// What the operator knows of one sidecar at a moment.
struct SidecarSnapshot {
  std::string name;  // of the flag --sidecar
  LinkState state = LinkState::Connecting;
  std::string message;              // why it is not connected; empty otherwise
  std::string node;                 // the sidecar's own identity; empty before its first Hello
  TimePoint since{};                // of `state`
  uint64_t generation = 0;          // sent on this stream; 0: none yet
  uint64_t applied_generation = 0;  // acknowledged on this stream
  bool status_known = false;        // the full SidecarStatus of this stream is here
  std::map<ConnectionName, AckedEntry> acked;
  std::map<ConnectionName, v1::ConnectionStatus> statuses;  // kept while unreachable: the last that was known
};

// One sidecar, reached again and again for as long as this object lives. Safe to call from any thread.
class SidecarClient {
 public:
  virtual ~SidecarClient() = default;
  // Replaces what is wanted; sent at once when connected, else at the next connect. Nothing is sent before
  // the first call: an operator that knows nothing yet removes nothing.
  virtual void set_desired(Desired desired) = 0;
  virtual SidecarSnapshot snapshot() const = 0;
};

}  // namespace hawser::sidecars
