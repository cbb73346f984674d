#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "operator/api/kinds.h"
#include "operator/store/notice.h"

namespace hawser::store {

struct Now {
  TimePoint monotonic{};
  WallTime wall{};
};

// What is wrong with the present text of an object, with its place.
struct Fault {
  std::string message;
  // Of the object as it is now; empty and 0 where only a text that can be read has them (a folder).
  std::string uid;
  int64_t generation = 0;
};

// Everything a source knows at one moment. Immutable as long as somebody holds it.
struct SourceSnapshot {
  uint64_t revision = 0;  // rises with every published change
  // Objects as last read without an error; metadata (uid, generation, creationTimestamp) is complete.
  api::ObjectSet objects;
  // Objects whose present text is no good: each is in `objects` as it last was, or not at all when it never
  // was.
  std::map<api::ObjectKey, Fault> broken;
  // Secrets that are referred to and cannot be read, and why: whether they exist is not known.
  std::map<api::ObjectKey, std::string> unreadable;
  // False: there may be objects whose names nobody knows yet (a file that never could be read since the
  // start). Absence proves nothing then: nothing may be removed.
  bool complete = true;
  std::string incomplete_because;  // the fault of the first such file
};

// Where objects come from: a folder of manifests, or an API server. Belongs to one thread.
class ObjectSource {
 public:
  virtual ~ObjectSource() = default;
  // Readable when poll() has something to do; -1: whoever owns the source is woken otherwise. Lives as long
  // as the source.
  virtual int event_fd() const = 0;
  // When poll() has something to do without an event.
  virtual std::optional<TimePoint> next_deadline() const = 0;
  // Takes in what happened; true when snapshot() is a new one. Never blocks for long.
  virtual bool poll(Now now) = 0;
  // Never null after the first poll(). Whoever asks again after a poll() may get the same object with
  // another revision, when nobody held it meanwhile.
  virtual std::shared_ptr<const SourceSnapshot> snapshot() const = 0;
  virtual std::vector<Notice> take_notices() = 0;
};

}  // namespace hawser::store
