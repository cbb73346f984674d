#pragma once

#include <functional>
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
  std::vector<Transition> transitions;
  std::vector<sidecars::SidecarSnapshot> sidecars;  // as the pass saw them
  std::optional<TimePoint> again_at;
  uint64_t writes = 0;
  uint64_t errors = 0;       // statuses that could not be written; the next pass tries again
  bool asked_rules = false;  // else what they said last still held
  bool given_up = false;     // it might no longer act: nothing was sent and nothing written
};

// gather → decide → apply, over all objects at once. The collaborators outlive it. Belongs to one thread.
class Controller {
 public:
  Controller(const store::ObjectSource& source, store::StatusSink& sink, sidecars::Fleet& fleet);
  // `may_act` is asked between deciding and acting; empty: it always may. REQUIRES: the source has a
  // snapshot.
  PassReport run(store::Now now, const std::function<bool()>& may_act = {});
  // The next pass asks the rules whatever it finds.
  void judge_anew() { memory_.verdicts.reset(); }
  // Of the last pass; before the first, as the sink had them.
  const Statuses& statuses() const { return statuses_; }

 private:
  void forget_replaced(const store::SourceSnapshot& source);
  void apply(Decision decision, PassReport& report);

  const store::ObjectSource& source_;
  store::StatusSink& sink_;
  sidecars::Fleet& fleet_;
  Memory memory_;
  Statuses statuses_;
};

}  // namespace hawser::controller
