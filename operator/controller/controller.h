#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "operator/controller/decide.h"
#include "operator/sidecars/fleet.h"
#include "operator/store/object_source.h"
#include "operator/store/status_sink.h"

namespace hawser::controller {

// What one pass did, for the log and the metrics.
struct PassReport {
  std::vector<store::Notice> notices;
  std::optional<TimePoint> again_at;
  uint64_t writes = 0;
  uint64_t errors = 0;  // statuses that could not be written; the next pass tries again
};

// gather → decide → apply, over all objects at once. The collaborators outlive it. Belongs to one thread.
class Controller {
 public:
  Controller(const store::ObjectSource& source, store::StatusSink& sink, sidecars::Fleet& fleet);
  // REQUIRES: the source has a snapshot.
  PassReport run(store::Now now);
  // Of the last pass.
  const std::map<api::ObjectKey, ObjectStatus>& statuses() const { return statuses_; }

 private:
  Inputs gather() const;
  void apply(Decision decision, PassReport& report);
  void send(const std::map<std::string, sidecars::Desired>& desired);

  const store::ObjectSource& source_;
  store::StatusSink& sink_;
  sidecars::Fleet& fleet_;
  Memory memory_;
  std::map<api::ObjectKey, api::Status> previous_;
  std::map<api::ObjectKey, ObjectStatus> statuses_;
  std::map<std::string, sidecars::Desired> sent_;
};

}  // namespace hawser::controller
