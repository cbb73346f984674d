#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hawser/v1/state.pb.h"
#include "operator/api/kinds.h"
#include "operator/api/status.h"
#include "operator/policy/policy.h"
#include "operator/sidecars/sidecar_client.h"
#include "operator/sidecars/sidecar_node.h"
#include "operator/store/notice.h"
#include "operator/store/object_source.h"

// What goes into one pass of the controller, and what comes out of it. Plain values.
namespace hawser::controller {

// "namespace/name" of a connection.
using ConnectionName = sidecars::ConnectionName;

// The spec of a connection that was accepted last. It stays in force while a later edit is refused.
struct InForce {
  std::shared_ptr<const v1::ConnectionSpec> spec;
  sidecars::SpecRevision revision = 0;
  int64_t generation = 0;  // of the Connection when this was accepted
  std::string gateway;     // whose place is its place, "namespace/name"; the object may name another by now
  std::string sidecar;     // which one has it
  api::EffectivePolicy policy;
};

// Where a gateway is (in a cluster), and since when nothing is heard of its sidecar.
struct GatewayPlace {
  std::string node;
  std::optional<TimePoint> down_since;
};

// What the rules said, and of what: a pass that a tunnel's news caused has the same objects, and need not ask
// again.
struct RuleVerdicts {
  std::weak_ptr<const store::SourceSnapshot> source;
  uint64_t revision = 0;  // of the source
  policy::AcceptedObjects accepted;
  std::vector<policy::Violation> violations;  // ordered by object
};

// What one pass leaves for the next. Lost at a restart: then a connection that cannot be compiled is held
// instead.
struct Memory {
  std::map<ConnectionName, InForce> in_force;
  std::map<std::string, GatewayPlace> places;  // by gateway, "namespace/name"
  sidecars::SpecRevision last_revision = 0;
  std::set<std::string> warnings;  // told already
  std::shared_ptr<const RuleVerdicts> verdicts;
};

struct ObjectStatus {
  api::ObjectMeta meta;
  api::Status status;
  friend bool operator==(const ObjectStatus&, const ObjectStatus&) = default;
};
// Never null. What did not change is shared with the pass before: a second copy of ten thousand is a peak of
// memory at each pass.
using Statuses = std::map<api::ObjectKey, std::shared_ptr<const ObjectStatus>>;

// What is large is referred to, not copied; it outlives the pass.
struct Inputs {
  std::shared_ptr<const store::SourceSnapshot> source;
  const Statuses& previous;
  const Memory& memory;
  std::vector<sidecars::SidecarSnapshot> sidecars;            // in the order of the flags
  std::optional<std::vector<sidecars::SidecarNode>> nodes{};  // where they are; nullopt without a cluster
};

// A condition that moved.
struct Transition {
  api::ObjectKey key;
  std::string uid;
  api::Condition condition;
  bool good = false;    // a person need not look
  bool healed = false;  // it was False before
};

struct Decision {
  Statuses statuses;                                 // of every object that has one
  std::vector<api::ObjectKey> removed;               // objects that are gone
  std::map<std::string, sidecars::Desired> desired;  // by sidecar
  Memory memory;
  std::vector<store::Notice> notices;
  std::vector<Transition> transitions;
  std::optional<TimePoint> again_at;  // something changes by time alone then
};

}  // namespace hawser::controller
