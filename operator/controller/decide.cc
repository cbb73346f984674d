#include "operator/controller/decide.h"

#include <algorithm>
#include <utility>

#include "operator/controller/connection.h"
#include "operator/controller/from_proto.h"
#include "operator/controller/gateway.h"
#include "operator/controller/other_kinds.h"
#include "operator/controller/placement.h"
#include "operator/controller/verdict.h"

namespace hawser::controller {
namespace {

using api::Kind;
using api::ObjectKey;
using catalog::ConditionType;

void keep(const ObjectKey& key, ObjectStatus&& status, const Inputs& inputs, Decision& decision) {
  auto before = inputs.previous.find(key);
  const bool same = before != inputs.previous.end() && *before->second == status;
  decision.statuses[key] = same ? before->second : std::make_shared<const ObjectStatus>(std::move(status));
}

template <typename Objects, typename Decide>
void decide_all(Kind kind, const Objects& objects, const Inputs& inputs, Decision& decision,
                Decide decide_one) {
  for (const auto& [name, object] : objects)
    keep({kind, object.meta.namespace_, object.meta.name}, decide_one(object), inputs, decision);
}

sidecars::DesiredEntry entry_of(const ObjectKey& key, const ConnectionDecision& connection) {
  sidecars::DesiredEntry entry;
  entry.namespace_ = key.namespace_;
  entry.name = key.name;
  entry.uid = connection.status.meta.uid;
  if (connection.in_force) {
    entry.spec = connection.in_force->spec;
    entry.revision = connection.in_force->revision;
  }
  return entry;
}

// Where the connection may be: a sidecar that has nothing of that name has nothing to keep, and one that has
// what an object deleted since has left shall not keep that.
void hold(const sidecars::DesiredEntry& entry, const std::optional<std::string>& held_by,
          const Inputs& inputs, Decision& decision) {
  for (const auto& sidecar : inputs.sidecars) {
    if (held_by && sidecar.name != *held_by) continue;
    auto status = sidecar.statuses.find(api::map_key(entry.namespace_, entry.name));
    if (status == sidecar.statuses.end() || speaks_of(status->second, entry.uid))
      decision.desired.at(sidecar.name).entries.push_back(entry);
  }
}

void place(const ObjectKey& key, ConnectionDecision&& connection, const Inputs& inputs, Decision& decision) {
  const sidecars::DesiredEntry entry = entry_of(key, connection);
  if (!connection.in_force) {
    hold(entry, connection.held_by, inputs, decision);
  } else if (auto only = decision.desired.find(connection.in_force->sidecar);
             only != decision.desired.end()) {
    only->second.entries.push_back(entry);
  }
  if (connection.in_force)
    decision.memory.in_force[api::map_key(key.namespace_, key.name)] = *std::move(connection.in_force);
  if (connection.again_at)
    decision.again_at =
        decision.again_at ? std::min(*decision.again_at, *connection.again_at) : connection.again_at;
  keep(key, std::move(connection.status), inputs, decision);
}

// Of two that exclude each other on a node, the sidecar keeps the earlier one of the list. By name where both
// are as old.
void sort_by_age(const Inputs& inputs, sidecars::Desired& desired) {
  const auto& connections = inputs.source->objects.connections;
  std::vector<std::pair<std::string_view, sidecars::DesiredEntry>> entries;
  for (sidecars::DesiredEntry& entry : desired.entries) {
    auto object = connections.find(api::map_key(entry.namespace_, entry.name));
    const bool known = object != connections.end();
    entries.emplace_back(known ? std::string_view(object->second.meta.creation_timestamp) : "",
                         std::move(entry));
  }
  std::ranges::stable_sort(entries, {}, [](const auto& entry) { return entry.first; });
  desired.entries.clear();
  for (auto& [created, entry] : entries) desired.entries.push_back(std::move(entry));
}

void decide_connections(const Inputs& inputs, const Verdicts& verdicts, const Placement& placement,
                        store::Now now, Decision& decision) {
  auto one = [&](const ObjectKey& key, const api::Connection* connection) {
    place(key,
          decide_connection(key, connection, inputs, verdicts, placement, decision.memory.last_revision, now),
          inputs, decision);
  };
  const auto& connections = inputs.source->objects.connections;
  for (const auto& [name, connection] : connections)
    one({Kind::Connection, connection.meta.namespace_, connection.meta.name}, &connection);
  for (const auto& [key, fault] : verdicts.all_broken())
    if (key.kind == Kind::Connection && !connections.contains(api::map_key(key.namespace_, key.name)))
      one(key, nullptr);
  for (auto& [name, desired] : decision.desired) sort_by_age(inputs, desired);
}

void decide_gateways(const Inputs& inputs, const Verdicts& verdicts, const Placement& placement,
                     store::Now now, Decision& decision) {
  std::map<std::string, std::vector<ProgrammedConnection>> by_gateway;
  for (const auto& [name, connection] : inputs.source->objects.connections) {
    const ObjectKey key{Kind::Connection, connection.meta.namespace_, connection.meta.name};
    const api::Condition* programmed = decision.statuses.at(key)->status.find(ConditionType::Programmed);
    // A refused edit may name another gateway than the one that carries it.
    auto in_force = decision.memory.in_force.find(name);
    by_gateway[in_force != decision.memory.in_force.end()
                   ? in_force->second.gateway
                   : api::map_key(connection.meta.namespace_, connection.spec.virtual_network_gateway_ref)]
        .emplace_back(name, *programmed);
  }
  for (const auto& [name, gateway] : inputs.source->objects.virtual_network_gateways)
    keep({Kind::VirtualNetworkGateway, gateway.meta.namespace_, gateway.meta.name},
         decide_gateway(gateway, by_gateway[name], inputs, verdicts, placement, now), inputs, decision);
}

void decide_others(const Inputs& inputs, const Verdicts& verdicts, store::Now now, Decision& decision) {
  const api::ObjectSet& objects = inputs.source->objects;
  decide_all(Kind::VirtualNetwork, objects.virtual_networks, inputs, decision,
             [&](const auto& object) { return decide_network(object, inputs, verdicts, now); });
  decide_all(Kind::LocalNetworkGateway, objects.local_network_gateways, inputs, decision,
             [&](const auto& object) { return decide_site(object, inputs, verdicts, now); });
  decide_all(Kind::IpsecPolicy, objects.ipsec_policies, inputs, decision,
             [&](const auto& object) { return decide_policy(object, inputs, verdicts, now); });
  for (const auto& [key, fault] : verdicts.all_broken())
    if (key.kind != Kind::Secret && !decision.statuses.contains(key))
      keep(key, decide_broken(key, inputs, verdicts, now), inputs, decision);
}

// While not every object is known, a status may be that of an object nobody can see now.
void find_removed(const Inputs& inputs, Decision& decision) {
  if (!inputs.source->complete) return;
  for (const auto& [key, status] : inputs.previous)
    if (!decision.statuses.contains(key)) decision.removed.push_back(key);
}

void tell_warnings(const Verdicts& verdicts, const Inputs& inputs, Decision& decision) {
  for (const policy::Violation& violation : verdicts.all()) {
    if (violation.severity != policy::Severity::Warn) continue;
    const std::string text =
        violation.object.to_string() + ": " + violation.field_path + ": " + violation.message;
    if (!inputs.memory.warnings.contains(text))
      decision.notices.push_back({store::Notice::Level::Warning, text});
    decision.memory.warnings.insert(text);
  }
}

// What a person wants to read in the log: each condition that moved, with the reason. Ready repeats one of
// the others.
void tell_transitions(const Inputs& inputs, Decision& decision) {
  for (const auto& [key, object] : decision.statuses) {
    auto before = inputs.previous.find(key);
    if (before != inputs.previous.end() && before->second == object) continue;
    for (const api::Condition& condition : object->status.conditions) {
      if (condition.type > ConditionType::PfsVerified || condition.status == api::ConditionStatus::Unknown)
        continue;
      const api::Condition* old =
          before == inputs.previous.end() ? nullptr : before->second->status.find(condition.type);
      if (old != nullptr && old->status == condition.status && old->reason == condition.reason) continue;
      if (old == nullptr && condition.status == api::ConditionStatus::True && key.kind != Kind::Connection)
        continue;
      std::string text = key.to_string() + ": " + std::string(catalog::name(condition.type)) + "=" +
                         api::to_string(condition.status) + " (" +
                         std::string(catalog::name(condition.reason)) + ")";
      if (!condition.message.empty()) text += ": " + condition.message;
      const bool good =
          condition.status == api::ConditionStatus::True || condition.reason == catalog::Reason::Connecting;
      decision.notices.push_back({good ? store::Notice::Level::Info : store::Notice::Level::Warning, text});
      decision.transitions.push_back({key, object->meta.uid, condition, good,
                                      old != nullptr && old->status == api::ConditionStatus::False});
    }
  }
  for (const ObjectKey& key : decision.removed)
    decision.notices.push_back({store::Notice::Level::Info, key.to_string() + ": removed"});
}

}  // namespace

Decision decide(const Inputs& inputs, store::Now now) {
  Decision decision;
  decision.memory.last_revision = inputs.memory.last_revision;
  for (const auto& sidecar : inputs.sidecars)
    decision.desired[sidecar.name].hold_others = !inputs.source->complete;
  const Verdicts verdicts(inputs);
  decision.memory.verdicts = verdicts.rules();
  const Placement placement(inputs, now);
  decision.memory.places = placement.places();
  decision.notices = placement.notices();
  decision.again_at = placement.again_at();
  decide_connections(inputs, verdicts, placement, now, decision);
  decide_gateways(inputs, verdicts, placement, now, decision);
  decide_others(inputs, verdicts, now, decision);
  find_removed(inputs, decision);
  tell_warnings(verdicts, inputs, decision);
  tell_transitions(inputs, decision);
  return decision;
}

}  // namespace hawser::controller
