#pragma once

#include <optional>
#include <string>

#include "operator/controller/decision.h"
#include "operator/controller/placement.h"
#include "operator/controller/verdict.h"

namespace hawser::controller {

// A sidecar that is away, or has not acknowledged yet, for less than this leaves the status as it was: a
// restart of the operator or a broken stream is no news about a tunnel.
inline constexpr Duration kGrace = std::chrono::seconds(3);

// What is decided of one connection.
struct ConnectionDecision {
  ObjectStatus status;
  std::optional<InForce> in_force;     // nullopt: hold
  std::optional<std::string> held_by;  // the one sidecar that may have what is held; nullopt: any
  // Which sidecar tells of it; null: not known.
  const sidecars::SidecarSnapshot* sidecar = nullptr;
  std::optional<TimePoint> again_at;
};

// `connection` is null when its text never was good since the start. `last_revision` rises when the spec is a
// new one.
ConnectionDecision decide_connection(const api::ObjectKey& key, const api::Connection* connection,
                                     const Inputs& inputs, const Verdicts& verdicts,
                                     const Placement& placement, sidecars::SpecRevision& last_revision,
                                     store::Now now);

}  // namespace hawser::controller
