#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "operator/kube/client.h"

namespace hawser::kube {

struct ObjectReference {
  std::string api_version, kind, namespace_, name, uid, resource_version;
};

// What a person shall read in `kubectl describe`.
struct EventNote {
  ObjectReference regarding;
  bool warning = false;
  std::string reason;  // CamelCase
  std::string action;  // CamelCase
  std::string note;    // cut to 1,024 octets between characters
};

// Writes events.k8s.io/v1 Events: repeats become a series, objects that flap are slowed down (25 at once,
// then one in 5 min each), a server that is away costs nothing but events. Never blocks. Belongs to the
// client's thread.
class EventRecorder {
 public:
  struct Options {
    std::string controller;  // "hawser.dev/operator"
    std::string instance;    // at most 128 characters
  };
  EventRecorder(Client& client, Options options);
  ~EventRecorder();
  void record(EventNote event, TimePoint now, WallTime wall);
  void step(TimePoint now, WallTime wall);
  std::optional<TimePoint> next_deadline() const;
  uint64_t dropped() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hawser::kube
