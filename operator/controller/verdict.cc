#include "operator/controller/verdict.h"

#include <algorithm>
#include <utility>

#include "operator/api/object_set.h"

namespace hawser::controller {

using api::ConditionStatus;
using catalog::ConditionType;
using catalog::Reason;

namespace {

template <typename Objects>
void add_accepted(api::Kind kind, const Objects& objects, const Inputs& inputs,
                  policy::AcceptedObjects& accepted) {
  for (const auto& [name, object] : objects) {
    const api::ObjectKey key{kind, object.meta.namespace_, object.meta.name};
    auto status = inputs.previous.find(key);
    if (status == inputs.previous.end()) continue;
    const api::Condition* condition = status->second->status.find(ConditionType::Accepted);
    if (condition == nullptr || condition->status != ConditionStatus::True) continue;
    const bool as_it_is = condition->observed_generation == object.meta.generation;
    // They come in nearly the same order.
    accepted.emplace_hint(accepted.end(), key, as_it_is ? policy::Standing::Now : policy::Standing::Earlier);
  }
}

// A source may change what nobody holds: the revision tells.
bool saw(const RuleVerdicts& verdicts, const std::shared_ptr<const store::SourceSnapshot>& source) {
  return !verdicts.source.owner_before(source) && !source.owner_before(verdicts.source) &&
         verdicts.revision == source->revision;
}

// Those of the last pass when it saw the same.
std::shared_ptr<const RuleVerdicts> rule_verdicts(const Inputs& inputs) {
  policy::AcceptedObjects accepted = accepted_before(inputs);
  const auto& last = inputs.memory.verdicts;
  if (last != nullptr && saw(*last, inputs.source) && last->accepted == accepted) return last;
  auto violations = policy::validate(inputs.source->objects, accepted);
  return std::make_shared<const RuleVerdicts>(
      RuleVerdicts{inputs.source, inputs.source->revision, std::move(accepted), std::move(violations)});
}

ConditionType type_of(Reason reason) { return catalog::kReasons[static_cast<size_t>(reason)].type; }

}  // namespace

policy::AcceptedObjects accepted_before(const Inputs& inputs) {
  policy::AcceptedObjects accepted;
  const api::ObjectSet& objects = inputs.source->objects;
  add_accepted(api::Kind::VirtualNetwork, objects.virtual_networks, inputs, accepted);
  add_accepted(api::Kind::VirtualNetworkGateway, objects.virtual_network_gateways, inputs, accepted);
  add_accepted(api::Kind::LocalNetworkGateway, objects.local_network_gateways, inputs, accepted);
  add_accepted(api::Kind::IpsecPolicy, objects.ipsec_policies, inputs, accepted);
  add_accepted(api::Kind::Connection, objects.connections, inputs, accepted);
  return accepted;
}

Verdicts::Verdicts(const Inputs& inputs) : broken_(inputs.source->broken), rules_(rule_verdicts(inputs)) {
  if (inputs.source->complete) return;
  for (const auto& [key, status] : inputs.previous)
    if (!api::contains(inputs.source->objects, key))
      broken_.emplace(key, store::Fault{inputs.source->incomplete_because, "", 0});
}

std::vector<const policy::Violation*> Verdicts::refusals(const std::vector<api::ObjectKey>& keys,
                                                         ConditionType type) const {
  std::vector<const policy::Violation*> found;
  for (const api::ObjectKey& key : keys) {
    // validate() orders them by object.
    for (const policy::Violation& violation :
         std::ranges::equal_range(all(), key, {}, &policy::Violation::object))
      if (violation.severity == policy::Severity::Refuse && type_of(violation.reason) == type)
        found.push_back(&violation);
  }
  return found;
}

const std::string* Verdicts::broken(const api::ObjectKey& key) const {
  auto found = broken_.find(key);
  return found == broken_.end() ? nullptr : &found->second.message;
}

api::ObjectMeta Verdicts::present(const api::ObjectKey& key, api::ObjectMeta meta) const {
  auto found = broken_.find(key);
  if (found == broken_.end() || found->second.generation == 0) return meta;
  meta.uid = found->second.uid;
  meta.generation = found->second.generation;
  return meta;
}

std::string Verdicts::why(const policy::MissingReference& missing) const {
  const std::string* fault = broken(missing.object);
  if (fault == nullptr) return missing.message;
  return missing.object.to_string() + " cannot be used before it is mended: " + *fault;
}

void Verdicts::set_accepted(Conditions& conditions, const std::vector<api::ObjectKey>& keys) const {
  if (const std::string* text = broken(keys.front()))
    return conditions.set(ConditionType::Accepted, ConditionStatus::False, Reason::InvalidSpec, *text);
  const auto refused = refusals(keys, ConditionType::Accepted);
  if (refused.empty())
    return conditions.set(ConditionType::Accepted, ConditionStatus::True, Reason::Accepted, "");
  std::string message;
  for (const policy::Violation* violation : refused) {
    if (!message.empty()) message += "; ";
    if (violation->object != keys.front()) message += violation->object.to_string() + ": ";
    if (!violation->field_path.empty()) message += violation->field_path + ": ";
    message += violation->message;
  }
  conditions.set(ConditionType::Accepted, ConditionStatus::False, refused.front()->reason, message);
}

}  // namespace hawser::controller
