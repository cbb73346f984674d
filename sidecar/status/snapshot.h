#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "hawser/v1/state.pb.h"
#include "sidecar/dataplane/data_plane.h"
#include "sidecar/ike/event.h"
#include "sidecar/status/tally.h"

namespace hawser::status {

// Turns monotonic times into wall-clock times that stay the same from one snapshot to the next: the offset is
// taken once and again only when the wall clock was stepped by more than two seconds.
class ClockAnchor {
 public:
  void update(TimePoint now, WallTime wall);
  WallTime wall(TimePoint time) const { return WallTime(time.time_since_epoch() + offset_); }

 private:
  bool set_ = false;
  Duration offset_{};
};

// Whether what the operator asked for is in force here (condition Programmed).
struct Programmed {
  catalog::Reason reason = catalog::Reason::Pending;
  std::string message;
  bool ok() const { return reason == catalog::Reason::Programmed; }
  friend bool operator==(const Programmed&, const Programmed&) = default;
};

// What the reconciler knows of a connection. The spec in force, without its key, is in `spec`.
struct Configured {
  sa::ConnectionName name;
  std::string uid;
  Programmed programmed;
  v1::ConnectionSpec spec;
  std::string local_address;  // the source address in use; empty while there is no route
  std::string interface;
};

struct ConnectionSnapshot {
  Configured configured;
  ike::ConnectionView view;  // empty lists while the engine does not know the connection
  Tally tally;
  dataplane::Counters counters;

  std::string_view object_namespace() const;
  std::string_view object_name() const;
  bool up() const { return view.reason == catalog::Reason::Established; }
};

// Everything that can be seen of the sidecar at one moment. Immutable once published; what metrics, status
// and tests read, so that they can never disagree.
struct Snapshot {
  std::vector<ConnectionSnapshot> connections;  // by name
  ClockAnchor anchor;
  dataplane::Kind data_plane = dataplane::Kind::UserSpace;
  std::string version;
};

struct Inputs {
  std::vector<Configured> configured;
  std::vector<ike::ConnectionView> views;
  const std::map<sa::ConnectionName, Tally>* tallies = nullptr;
  std::map<sa::ConnectionName, dataplane::Counters> counters;
  ClockAnchor anchor;
  dataplane::Kind data_plane = dataplane::Kind::UserSpace;
  std::string version;
};

// A connection appears when it is configured, whatever the engine and the data plane know of it.
Snapshot fold(Inputs inputs);

}  // namespace hawser::status
