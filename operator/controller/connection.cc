#include "operator/controller/connection.h"

#include <algorithm>
#include <utility>

#include "operator/api/names.h"
#include "operator/api/text.h"
#include "operator/controller/from_proto.h"

namespace hawser::controller {
namespace {

using api::Condition;
using api::ConditionStatus;
using catalog::ConditionType;
using catalog::Reason;
using sidecars::LinkState;
using sidecars::SidecarSnapshot;

constexpr ConditionStatus kTrue = ConditionStatus::True;
constexpr ConditionStatus kFalse = ConditionStatus::False;
constexpr ConditionStatus kUnknown = ConditionStatus::Unknown;

// One pass over one connection, step by step; the members are what the steps hand on.
class ConnectionPass {
 public:
  ConnectionPass(const api::ObjectKey& key, const api::Connection* connection, const Inputs& inputs,
                 const Verdicts& verdicts, const Placement& placement, store::Now now)
      : key_(key),
        name_(api::map_key(key.namespace_, key.name)),
        connection_(connection),
        inputs_(inputs),
        verdicts_(verdicts),
        placement_(placement),
        now_(now),
        previous_(find_previous()),
        meta_(verdicts.present(key, connection != nullptr ? connection->meta : meta_of_name())),
        generation_(meta_.generation),
        conditions_(previous_, generation_, now.wall) {}

  ConnectionDecision run(sidecars::SpecRevision& last_revision);

 private:
  const api::Status* find_previous() const {
    auto found = inputs_.previous.find(key_);
    return found == inputs_.previous.end() ? nullptr : &found->second->status;
  }
  api::ObjectMeta meta_of_name() const;

  void set_resolved(const policy::Resolution& resolution);
  const std::string* unreadable_secret() const;
  std::vector<api::ObjectKey> stands_on(const policy::ResolvedConnection& resolved) const;
  void choose_spec(const policy::Resolution& resolution, sidecars::SpecRevision& last_revision);
  void choose_policy(const policy::Resolution& resolution);
  void keep_spec(sidecars::SpecRevision& last_revision);
  void find_holder();
  void take_spec(const policy::ResolvedConnection& resolved, sidecars::SpecRevision& last_revision);

  bool keep_for_a_moment(ConditionType type, TimePoint since);
  bool link_speaks() const;
  const v1::ConnectionStatus* reported() const;
  void set_programmed();
  void set_programmed_by_sidecar();
  void set_established();
  void set_pfs_verified();
  void set_summaries();
  std::string node() const;
  void fill_status();

  const api::ObjectKey& key_;
  const std::string name_;
  const api::Connection* connection_;
  const Inputs& inputs_;
  const Verdicts& verdicts_;
  const Placement& placement_;
  const store::Now now_;
  const api::Status* previous_;
  const api::ObjectMeta meta_;
  const int64_t generation_;
  Conditions conditions_;
  Place place_;  // of the gateway whose spec is in force, else of the one it names
  ConnectionDecision out_;
};

// What was negotiated with another policy than the one in force, as "ikeEncryption AES128 instead of AES256";
// empty: nothing, or it is
// not known. The PFS group is left out: the first Child SA has none (RFC 7296 1.2).
std::string outdated(const api::Negotiated& negotiated, const api::EffectivePolicy& policy) {
  std::string text;
  auto compare = [&](const char* field, const std::string& have, const std::string& want) {
    if (!have.empty() && have != want)
      text += (text.empty() ? "" : ", ") + std::string(field) + " " + have + " instead of " + want;
  };
  compare("ikeEncryption", negotiated.ike.encryption, policy.ike_encryption);
  compare("ikeIntegrity", negotiated.ike.integrity, policy.ike_integrity);
  compare("dhGroup", negotiated.ike.dh_group, policy.dh_group);
  compare("ipsecEncryption", negotiated.child.encryption, policy.ipsec_encryption);
  compare("ipsecIntegrity", negotiated.child.integrity, policy.ipsec_integrity);
  return text;
}

// Of a connection that could not be read since the start.
api::ObjectMeta ConnectionPass::meta_of_name() const {
  api::ObjectMeta meta;
  meta.namespace_ = key_.namespace_;
  meta.name = key_.name;
  meta.generation = previous_ == nullptr ? 0 : previous_->observed_generation;
  return meta;
}

std::vector<api::ObjectKey> ConnectionPass::stands_on(const policy::ResolvedConnection& resolved) const {
  std::vector<api::ObjectKey> keys = {key_};
  auto add = [&](api::Kind kind, const auto* object) {
    if (object != nullptr) keys.push_back({kind, object->meta.namespace_, object->meta.name});
  };
  add(api::Kind::VirtualNetworkGateway, resolved.gateway);
  add(api::Kind::VirtualNetwork, resolved.network);
  add(api::Kind::LocalNetworkGateway, resolved.site);
  add(api::Kind::IpsecPolicy, resolved.policy);
  return keys;
}

// Why nobody knows whether its Secret exists; null when somebody does.
const std::string* ConnectionPass::unreadable_secret() const {
  auto found = inputs_.source->unreadable.find(
      {api::Kind::Secret, key_.namespace_, connection_->spec.shared_key_secret_ref.name});
  return found == inputs_.source->unreadable.end() ? nullptr : &found->second;
}

void ConnectionPass::set_resolved(const policy::Resolution& resolution) {
  std::string message;
  auto add = [&](const std::string& field_path, const std::string& text) {
    message += (message.empty() ? "" : "; ") + (field_path.empty() ? "" : field_path + ": ") + text;
  };
  std::optional<Reason> reason;
  for (const policy::MissingReference& missing : resolution.missing) {
    if (!reason) reason = missing.reason;
    const std::string* why = missing.reason == Reason::SecretNotFound ? unreadable_secret() : nullptr;
    add(missing.field_path, why != nullptr ? *why : verdicts_.why(missing));
  }
  for (const policy::Violation* violation : verdicts_.refusals({key_}, ConditionType::ResolvedRefs)) {
    if (!reason) reason = violation->reason;
    add(violation->field_path, violation->message);
  }
  if (!reason) return conditions_.set(ConditionType::ResolvedRefs, kTrue, Reason::Resolved, "");
  conditions_.set(ConditionType::ResolvedRefs, kFalse, *reason, message);
}

// Who may have a connection of which no spec is known. In a cluster its status follows every move, so what
// that says comes before the gateway that the object names now; elsewhere: the only sidecar, or the one that
// speaks of it, or that had it last.
void ConnectionPass::find_holder() {
  const SidecarIndex& sidecars = placement_.sidecars();
  const std::string before = previous_ == nullptr ? "" : previous_->node;
  if (inputs_.nodes && !(before.empty() && place_.node.empty())) {
    out_.held_by = before.empty() ? place_.node : before;
    out_.sidecar = sidecars.by_name(*out_.held_by);
    // It says nothing of a tunnel that is elsewhere.
    if (place_.node != *out_.held_by) place_ = {};
    return;
  }
  if (!inputs_.nodes && inputs_.sidecars.size() == 1) {
    out_.sidecar = &inputs_.sidecars.front();
  } else if (const SidecarSnapshot* holder = sidecars.holder_of(name_)) {
    out_.sidecar = holder;
  } else if (!before.empty()) {
    out_.sidecar = sidecars.by_node(before);
  }
}

// What was accepted last stays with its own gateway, whatever the object names now. In a cluster the node may
// be dead: it goes on where that gateway is.
void ConnectionPass::keep_spec(sidecars::SpecRevision& last_revision) {
  auto before = inputs_.memory.in_force.find(name_);
  if (before == inputs_.memory.in_force.end()) return;
  out_.in_force = before->second;
  out_.sidecar = placement_.sidecars().by_name(out_.in_force->sidecar);
  const auto& gateways = inputs_.source->objects.virtual_network_gateways;
  auto gateway = gateways.find(out_.in_force->gateway);
  if (gateway == gateways.end()) return;
  place_ = placement_.of(gateway->second);
  if (!inputs_.nodes || place_.sidecar == nullptr || out_.in_force->sidecar == place_.sidecar->name) return;
  out_.in_force->sidecar = place_.sidecar->name;
  out_.in_force->revision = ++last_revision;
  out_.sidecar = place_.sidecar;
}

// A new spec where everything is in order; else the last one stays.
void ConnectionPass::choose_spec(const policy::Resolution& resolution,
                                 sidecars::SpecRevision& last_revision) {
  keep_spec(last_revision);
  const bool good =
      conditions_.is_true(ConditionType::ResolvedRefs) && conditions_.is_true(ConditionType::Accepted);
  const api::VirtualNetworkGateway* gateway = resolution.resolved.gateway;
  if (gateway != nullptr && (good || !out_.in_force)) place_ = placement_.of(*gateway);
  if (good && place_.sidecar != nullptr) {
    take_spec(resolution.resolved, last_revision);
  } else if (!out_.in_force) {
    find_holder();
  }
}

void ConnectionPass::take_spec(const policy::ResolvedConnection& resolved,
                               sidecars::SpecRevision& last_revision) {
  auto spec = std::make_shared<const v1::ConnectionSpec>(policy::compile(resolved));
  const bool same = out_.in_force && out_.in_force->sidecar == place_.sidecar->name &&
                    out_.in_force->spec->SerializeAsString() == spec->SerializeAsString();
  if (!same) out_.in_force = InForce{spec, ++last_revision, 0, "", place_.sidecar->name, {}};
  out_.in_force->generation = generation_;
  out_.in_force->gateway = api::map_key(resolved.gateway->meta.namespace_, resolved.gateway->meta.name);
  out_.in_force->policy = policy::effective_policy(resolved.policy, *resolved.gateway);
  out_.sidecar = place_.sidecar;
}

// True, and the condition is as it was, when it was known and `since` is only a moment ago.
bool ConnectionPass::keep_for_a_moment(ConditionType type, TimePoint since) {
  if (conditions_.previous(type) == nullptr || now_.monotonic - since >= kGrace) return false;
  conditions_.keep(type);
  const TimePoint end = since + kGrace;
  out_.again_at = out_.again_at ? std::min(*out_.again_at, end) : end;
  return true;
}

bool ConnectionPass::link_speaks() const {
  return out_.sidecar != nullptr && out_.sidecar->state == LinkState::Connected;
}

const v1::ConnectionStatus* ConnectionPass::reported() const {
  if (!link_speaks() || !out_.sidecar->status_known) return nullptr;
  auto found = out_.sidecar->statuses.find(name_);
  if (found == out_.sidecar->statuses.end() || !speaks_of(found->second, meta_.uid)) return nullptr;
  return &found->second;
}

void ConnectionPass::set_programmed() {
  constexpr ConditionType kType = ConditionType::Programmed;
  if (!place_.problem.empty()) return conditions_.set(kType, kFalse, Reason::NodeUnavailable, place_.problem);
  if (!place_.waiting.empty()) return conditions_.set(kType, kUnknown, Reason::Pending, place_.waiting);
  if (out_.sidecar == nullptr)
    return conditions_.set(kType, kUnknown, Reason::Pending, "waits until the connection is accepted");
  const SidecarSnapshot& sidecar = *out_.sidecar;
  if (sidecar.state == LinkState::Connected) return set_programmed_by_sidecar();
  if (sidecar.state == LinkState::Connecting) {
    if (conditions_.previous(kType) != nullptr) return conditions_.keep(kType);
    return conditions_.set(kType, kUnknown, Reason::Pending, "waiting for sidecar " + sidecar.name);
  }
  if (keep_for_a_moment(kType, sidecar.since)) return;
  conditions_.set(kType, kUnknown, Reason::SidecarUnreachable,
                  "sidecar " + sidecar.name + ": " + sidecar.message);
}

void ConnectionPass::set_programmed_by_sidecar() {
  constexpr ConditionType kType = ConditionType::Programmed;
  const SidecarSnapshot& sidecar = *out_.sidecar;
  const v1::ConnectionStatus* status = reported();
  const int64_t generation = out_.in_force ? out_.in_force->generation : generation_;
  if (out_.in_force) {
    auto ack = sidecar.acked.find(name_);
    const bool acked = ack != sidecar.acked.end() && ack->second.revision == out_.in_force->revision;
    if (acked && ack->second.code != "OK") {
      const bool rejected = ack->second.code == "INVALID_ARGUMENT" || ack->second.code == "UNSUPPORTED";
      const std::string where = ack->second.field_path.empty() ? "" : ack->second.field_path + ": ";
      // It tries again by itself what failed inside it, and only its status tells how that went.
      if (rejected || status == nullptr)
        return conditions_.set(kType, kFalse, rejected ? Reason::SidecarRejected : Reason::InstallFailed,
                               "sidecar " + sidecar.name + ": " + where + ack->second.message, generation);
    }
    if (!acked || status == nullptr) {
      if (keep_for_a_moment(kType, sidecar.since)) return;
      return conditions_.set(kType, kUnknown, Reason::Pending,
                             "waiting for sidecar " + sidecar.name + " to take it over", generation);
    }
  } else if (status == nullptr) {
    if (keep_for_a_moment(kType, sidecar.since)) return;
    return conditions_.set(kType, kUnknown, Reason::Pending, "waits until the connection is accepted");
  }
  if (status->programmed())
    return conditions_.set(kType, kTrue, Reason::Programmed, status->programmed_message(), generation);
  conditions_.set(kType, kFalse, reason_of(status->programmed_reason(), kType, Reason::InstallFailed),
                  status->programmed_message(), generation);
}

void ConnectionPass::set_established() {
  constexpr ConditionType kType = ConditionType::Established;
  const int64_t generation = out_.in_force ? out_.in_force->generation : generation_;
  if (const v1::ConnectionStatus* status = reported()) {
    const Reason reason = reason_of(status->established_reason(), kType, Reason::NegotiationFailed);
    std::string message = status->established_message();
    const catalog::FaultRow* fault = catalog::find_fault(reason);
    if (message.empty() && fault != nullptr) message = fault->hint;
    if (reason == Reason::Established && status->has_negotiated() && out_.in_force) {
      const std::string older = outdated(*negotiated_of(*status), out_.in_force->policy);
      if (!older.empty()) message = "still up with what the former policy negotiated: " + older;
    }
    return conditions_.set(kType, reason == Reason::Established ? kTrue : kFalse, reason, message,
                           generation);
  }
  const Condition* before = conditions_.previous(kType);
  const bool first_contact = out_.sidecar != nullptr && out_.sidecar->state == LinkState::Connecting;
  if (before != nullptr && first_contact) return conditions_.keep(kType);
  if (out_.sidecar != nullptr && keep_for_a_moment(kType, out_.sidecar->since)) return;
  const bool away = out_.sidecar != nullptr && !link_speaks();
  conditions_.set(kType, kUnknown, Reason::Connecting,
                  away ? "not known while sidecar " + out_.sidecar->name + " cannot be reached"
                       : "nothing is known of it yet",
                  generation);
}

void ConnectionPass::set_pfs_verified() {
  constexpr ConditionType kType = ConditionType::PfsVerified;
  const int64_t generation = out_.in_force ? out_.in_force->generation : generation_;
  if (const v1::ConnectionStatus* status = reported()) {
    const Reason reason = reason_of(status->pfs_verified_reason(), kType, Reason::NotChecked);
    const ConditionStatus value = reason == Reason::NotChecked    ? kUnknown
                                  : reason == Reason::PfsMismatch ? kFalse
                                                                  : kTrue;
    return conditions_.set(kType, value, reason, status->pfs_verified_message(), generation);
  }
  // It is about what was negotiated, which no stream that breaks undoes.
  if (conditions_.previous(kType) != nullptr) return conditions_.keep(kType);
  conditions_.set(kType, kUnknown, Reason::NotChecked, "", generation);
}

// kstatus reads these: Reconciling while something is under way, Stalled while nothing can come of it without
// an edit.
void ConnectionPass::set_summaries() {
  conditions_.set_ready();
  const Condition* resolved = conditions_.find(ConditionType::ResolvedRefs);
  const Condition* accepted = conditions_.find(ConditionType::Accepted);
  const Condition* programmed = conditions_.find(ConditionType::Programmed);
  const Condition* established = conditions_.find(ConditionType::Established);
  const Condition* stalled = accepted->status == kFalse                      ? accepted
                             : resolved->reason == Reason::InvalidSharedKey  ? resolved
                             : programmed->reason == Reason::SidecarRejected ? programmed
                                                                             : nullptr;
  const auto weak = out_.status.status.effective_policy
                        ? policy::weak_algorithms(*out_.status.status.effective_policy)
                        : std::vector<std::string>{};
  if (!weak.empty()) {
    std::string names;
    for (const std::string& name : weak) names += (names.empty() ? "" : ", ") + name;
    conditions_.set(ConditionType::Weak, kTrue, Reason::WeakAlgorithms,
                    names + ": accepted as Azure Stack does, but no longer thought safe");
  }
  if (stalled != nullptr) {
    conditions_.set(ConditionType::Stalled, kTrue, Reason::Stalled, stalled->message);
  } else if (resolved->status == kTrue &&
             (programmed->reason == Reason::Pending ||
              (established->reason == Reason::Connecting && established->status == kFalse))) {
    conditions_.set(ConditionType::Reconciling, kTrue, Reason::Reconciling,
                    programmed->reason == Reason::Pending ? programmed->message : established->message);
  }
}

void ConnectionPass::choose_policy(const policy::Resolution& resolution) {
  api::Status& status = out_.status.status;
  const bool accepted =
      conditions_.is_true(ConditionType::Accepted) && conditions_.is_true(ConditionType::ResolvedRefs);
  if (out_.in_force) {
    status.effective_policy = out_.in_force->policy;
  } else if (accepted) {
    status.effective_policy =
        policy::effective_policy(resolution.resolved.policy, *resolution.resolved.gateway);
  } else if (previous_ != nullptr) {
    status.effective_policy = previous_->effective_policy;
  }
}

// In a cluster by the cluster's word, not the sidecar's, because a hold follows it. There a connection that
// nobody has is on no node.
std::string ConnectionPass::node() const {
  const std::string before = previous_ == nullptr ? "" : previous_->node;
  if (out_.sidecar == nullptr) return before;
  if (inputs_.nodes) return out_.in_force || reported() != nullptr ? out_.sidecar->name : before;
  if (!out_.sidecar->node.empty()) return api::fit(out_.sidecar->node, api::kMaxName);
  return previous_ != nullptr ? before : out_.sidecar->name;
}

void ConnectionPass::fill_status() {
  api::Status& status = out_.status.status;
  status.observed_generation = generation_;
  const Condition* established = conditions_.find(ConditionType::Established);
  status.connection_status = established->status == kTrue                ? "Connected"
                             : established->status == kUnknown           ? "Unknown"
                             : established->reason == Reason::Connecting ? "Connecting"
                                                                         : "NotConnected";
  if (const v1::ConnectionStatus* told = reported()) {
    status.negotiated = negotiated_of(*told);
    status.last_failure = last_failure_of(*told);
    if (previous_ != nullptr)
      status.last_failure = without_repeats(std::move(status.last_failure), previous_->last_failure);
  } else if (previous_ != nullptr) {
    status.negotiated = previous_->negotiated;
    status.last_failure = previous_->last_failure;
  }
  status.node = node();
  status.conditions = conditions_.take();
}

ConnectionDecision ConnectionPass::run(sidecars::SpecRevision& last_revision) {
  policy::Resolution resolution;
  out_.status.meta = meta_;
  if (connection_ != nullptr) {
    resolution = policy::resolve(inputs_.source->objects, *connection_);
    set_resolved(resolution);
  } else if (conditions_.previous(ConditionType::ResolvedRefs) != nullptr) {
    conditions_.keep(ConditionType::ResolvedRefs);
  }
  verdicts_.set_accepted(conditions_, stands_on(resolution.resolved));
  choose_spec(resolution, last_revision);
  set_programmed();
  set_established();
  set_pfs_verified();
  choose_policy(resolution);
  if (conditions_.find(ConditionType::ResolvedRefs) == nullptr)
    conditions_.set(ConditionType::ResolvedRefs, kUnknown, Reason::Resolved,
                    "not known before the text can be read");
  set_summaries();
  fill_status();
  return std::move(out_);
}

}  // namespace

ConnectionDecision decide_connection(const api::ObjectKey& key, const api::Connection* connection,
                                     const Inputs& inputs, const Verdicts& verdicts,
                                     const Placement& placement, sidecars::SpecRevision& last_revision,
                                     store::Now now) {
  return ConnectionPass(key, connection, inputs, verdicts, placement, now).run(last_revision);
}

}  // namespace hawser::controller
