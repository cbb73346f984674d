#pragma once

#include <cstdint>
#include <string>

#include "common/base/clock.h"
#include "operator/kube/event_recorder.h"

namespace hawser::kube {

// Text that is safe to show and to send: what is no UTF-8 becomes U+FFFD, control characters become spaces,
// and it is cut between two characters to `limit` octets at most.
std::string clean_text(const std::string& text, size_t limit);

// An Event and what has become of it.
struct EventState {
  EventNote note;
  std::string name;  // of the Event
  WallTime first{}, last{};
  uint64_t count = 1;
};
// Cluster-scoped objects have their events in "default".
std::string events_path(const ObjectReference& regarding);
// JSON of an events.k8s.io/v1 Event; with a series from the second time on.
std::string event_body(const EventState& event, const std::string& controller, const std::string& instance);
// JSON merge patch. REQUIRES: count > 1.
std::string series_patch(const EventState& event);

// Unique for a process: the name of the object and `stamp` in hex, at most 253 octets.
std::string event_name(const std::string& object, uint64_t stamp);

}  // namespace hawser::kube
