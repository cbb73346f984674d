#include "operator/controller/gateway.h"

#include <algorithm>
#include <utility>

#include "operator/api/names.h"
#include "operator/api/text.h"
#include "operator/controller/connection.h"

namespace hawser::controller {
namespace {

using api::ConditionStatus;
using catalog::ConditionType;
using catalog::Reason;
using sidecars::LinkState;

void set_resolved(Conditions& conditions, const std::vector<policy::MissingReference>& missing,
                  const Verdicts& verdicts) {
  if (missing.empty())
    return conditions.set(ConditionType::ResolvedRefs, ConditionStatus::True, Reason::Resolved, "");
  std::string message;
  for (const policy::MissingReference& reference : missing)
    message += (message.empty() ? "" : "; ") + reference.field_path + ": " + verdicts.why(reference);
  conditions.set(ConditionType::ResolvedRefs, ConditionStatus::False, missing.front().reason, message);
}

// The gateway stands in its sidecar when that is there and has every connection of it.
void set_programmed(Conditions& conditions, const Place& place,
                    const std::vector<ProgrammedConnection>& connections, store::Now now) {
  constexpr ConditionType kType = ConditionType::Programmed;
  if (!place.problem.empty())
    return conditions.set(kType, ConditionStatus::False, Reason::NodeUnavailable, place.problem);
  if (place.sidecar == nullptr)
    return conditions.set(kType, ConditionStatus::Unknown, Reason::Pending, place.waiting);
  const sidecars::SidecarSnapshot& sidecar = *place.sidecar;
  if (sidecar.state == LinkState::Connecting) {
    if (conditions.previous(kType) != nullptr) return conditions.keep(kType);
    return conditions.set(kType, ConditionStatus::Unknown, Reason::Pending,
                          "waiting for sidecar " + sidecar.name);
  }
  if (sidecar.state != LinkState::Connected) {
    if (conditions.previous(kType) != nullptr && now.monotonic - sidecar.since < kGrace)
      return conditions.keep(kType);
    return conditions.set(kType, ConditionStatus::Unknown, Reason::SidecarUnreachable,
                          "sidecar " + sidecar.name + ": " + sidecar.message);
  }
  auto rest = std::ranges::find_if(connections, [](const ProgrammedConnection& c) {
    return c.programmed.status != ConditionStatus::True;
  });
  if (rest == connections.end())
    return conditions.set(kType, ConditionStatus::True, Reason::Programmed,
                          place.node.empty() ? "sidecar " + sidecar.name + " serves it"
                                             : "node " + place.node + " serves it; pods on other nodes " +
                                                   "are not routed yet");
  conditions.set(kType, rest->programmed.status, rest->programmed.reason,
                 "Connection " + rest->name + ": " + rest->programmed.message);
}

}  // namespace

ObjectStatus decide_gateway(const api::VirtualNetworkGateway& gateway,
                            const std::vector<ProgrammedConnection>& connections, const Inputs& inputs,
                            const Verdicts& verdicts, const Placement& placement, store::Now now) {
  const api::ObjectKey key{api::Kind::VirtualNetworkGateway, gateway.meta.namespace_, gateway.meta.name};
  auto previous = inputs.previous.find(key);
  ObjectStatus out;
  out.meta = verdicts.present(key, gateway.meta);
  Conditions conditions(previous == inputs.previous.end() ? nullptr : &previous->second->status,
                        out.meta.generation, now.wall);
  set_resolved(conditions, policy::resolve(inputs.source->objects, gateway), verdicts);
  verdicts.set_accepted(conditions, {key});
  const Place place = placement.of(gateway);
  set_programmed(conditions, place, connections, now);
  out.status.node = place.node;
  if (place.node.empty() && place.sidecar != nullptr)
    out.status.node = !place.sidecar->node.empty()        ? api::fit(place.sidecar->node, api::kMaxName)
                      : previous != inputs.previous.end() ? previous->second->status.node
                                                          : place.sidecar->name;
  conditions.set_ready();
  const api::Condition* accepted = conditions.find(ConditionType::Accepted);
  if (accepted->status == ConditionStatus::False)
    conditions.set(ConditionType::Stalled, ConditionStatus::True, Reason::Stalled, accepted->message);
  out.status.observed_generation = out.meta.generation;
  out.status.conditions = conditions.take();
  return out;
}

}  // namespace hawser::controller
