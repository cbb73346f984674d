#include "operator/controller/other_kinds.h"

#include <utility>

#include "operator/policy/policy.h"

namespace hawser::controller {
namespace {

using api::ConditionStatus;
using catalog::ConditionType;
using catalog::Reason;

const api::Status* previous_of(const api::ObjectKey& key, const Inputs& inputs) {
  auto found = inputs.previous.find(key);
  return found == inputs.previous.end() ? nullptr : &found->second->status;
}

ObjectStatus finish(const api::ObjectMeta& meta, Conditions& conditions) {
  conditions.set_ready();
  const api::Condition* accepted = conditions.find(ConditionType::Accepted);
  if (accepted->status == ConditionStatus::False)
    conditions.set(ConditionType::Stalled, ConditionStatus::True, Reason::Stalled, accepted->message);
  ObjectStatus out;
  out.meta = meta;
  out.status.observed_generation = meta.generation;
  out.status.conditions = conditions.take();
  return out;
}

}  // namespace

ObjectStatus decide_network(const api::VirtualNetwork& network, const Inputs& inputs,
                            const Verdicts& verdicts, store::Now now) {
  const api::ObjectKey key{api::Kind::VirtualNetwork, network.meta.namespace_, network.meta.name};
  const api::ObjectMeta meta = verdicts.present(key, network.meta);
  Conditions conditions(previous_of(key, inputs), meta.generation, now.wall);
  verdicts.set_accepted(conditions, {key});
  return finish(meta, conditions);
}

ObjectStatus decide_site(const api::LocalNetworkGateway& site, const Inputs& inputs, const Verdicts& verdicts,
                         store::Now now) {
  const api::ObjectKey key{api::Kind::LocalNetworkGateway, site.meta.namespace_, site.meta.name};
  const api::ObjectMeta meta = verdicts.present(key, site.meta);
  Conditions conditions(previous_of(key, inputs), meta.generation, now.wall);
  conditions.set(ConditionType::ResolvedRefs, ConditionStatus::True, Reason::Resolved, "");
  verdicts.set_accepted(conditions, {key});
  return finish(meta, conditions);
}

ObjectStatus decide_policy(const api::IpsecPolicy& policy, const Inputs& inputs, const Verdicts& verdicts,
                           store::Now now) {
  const api::ObjectKey key{api::Kind::IpsecPolicy, policy.meta.namespace_, policy.meta.name};
  const api::ObjectMeta meta = verdicts.present(key, policy.meta);
  Conditions conditions(previous_of(key, inputs), meta.generation, now.wall);
  verdicts.set_accepted(conditions, {key});
  if (conditions.is_true(ConditionType::Accepted)) {
    std::string names;
    // The gateway gives the profile, which a policy of its own does not look at.
    for (const std::string& name :
         policy::weak_algorithms(policy::effective_policy(&policy, api::VirtualNetworkGateway{})))
      names += (names.empty() ? "" : ", ") + name;
    if (!names.empty())
      conditions.set(ConditionType::Weak, ConditionStatus::True, Reason::WeakAlgorithms,
                     names + ": accepted as Azure Stack does, but no longer thought safe");
  }
  return finish(meta, conditions);
}

ObjectStatus decide_broken(const api::ObjectKey& key, const Inputs& inputs, const Verdicts& verdicts,
                           store::Now now) {
  const api::Status* previous = previous_of(key, inputs);
  api::ObjectMeta meta;
  meta.namespace_ = key.namespace_;
  meta.name = key.name;
  meta.generation = previous == nullptr ? 0 : previous->observed_generation;
  meta = verdicts.present(key, std::move(meta));
  Conditions conditions(previous, meta.generation, now.wall);
  if (previous != nullptr) {
    for (const api::Condition& condition : previous->conditions)
      if (condition.type < ConditionType::Ready && condition.type != ConditionType::Accepted)
        conditions.keep(condition.type);
  }
  verdicts.set_accepted(conditions, {key});
  ObjectStatus out = finish(meta, conditions);
  // A gateway has its place by it.
  if (previous != nullptr) out.status.node = previous->node;
  return out;
}

}  // namespace hawser::controller
