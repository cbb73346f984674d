#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "hawser/v1/sidecar.pb.h"
#include "sidecar/status/snapshot.h"

namespace hawser::status {

// What one stream still has to be told: first everything, then each connection that changed, at most once a
// second each (contracts, section 5). One for each stream; single-threaded.
class ChangeFeed {
 public:
  // Nothing when there is nothing to say yet.
  std::optional<v1::SidecarStatus> poll(TimePoint now, const Snapshot& snapshot);
  // When a change that is held back may go out; set by the last poll.
  std::optional<TimePoint> next_due() const { return next_due_; }

 private:
  struct Told {
    std::string status;  // serialized
    TimePoint at;
  };
  std::map<sa::ConnectionName, Told> told_;
  std::optional<TimePoint> next_due_;
  bool began_ = false;
};

}  // namespace hawser::status
