#include "operator/app/cluster_backend.h"

#include <algorithm>
#include <utility>

namespace hawser::app {

using kube::LeaseElection;
using store::Notice;

namespace {

// That a new object is in order goes without saying, until its tunnel is up: ten thousand connections would
// be forty thousand events.
bool worth_an_event(const controller::Transition& transition) {
  return !transition.good || transition.healed ||
         transition.condition.type == catalog::ConditionType::Established;
}

kube::EventNote note_of(const controller::Transition& transition) {
  const api::Condition& condition = transition.condition;
  kube::EventNote note;
  note.regarding = {std::string(api::kApiVersion),
                    std::string(api::row(transition.key.kind).name),
                    transition.key.namespace_,
                    transition.key.name,
                    transition.uid,
                    ""};
  note.warning = !transition.good;
  note.reason = catalog::name(condition.reason);
  note.action = "Reconcile";
  note.note = std::string(catalog::name(condition.type)) + "=" + api::to_string(condition.status) +
              (condition.message.empty() ? "" : ": " + condition.message);
  return note;
}

}  // namespace

ClusterBackend::ClusterBackend(std::unique_ptr<kube::Client> client,
                               std::unique_ptr<kube::Client> lease_client, Options options, uint64_t seed,
                               const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      jitter_(seed),
      client_(std::move(client)),
      lease_client_(std::move(lease_client)),
      statuses_(*client_),
      objects_(*client_, options_.watch_namespaces, jitter_, &statuses_),
      events_(*client_, {"hawser.dev/operator", options_.identity.substr(0, 128)}) {
  for (const std::string& warning : options_.warnings) notices_.push_back({Notice::Level::Warning, warning});
  if (options_.sidecars) sidecars_.emplace(*client_, *options_.sidecars, jitter_);
  if (!options_.leader_elect) return;
  LeaseElection::Options election;
  election.namespace_ = options_.namespace_;
  election.name = kLease;
  election.identity = options_.identity;
  election_ = std::make_unique<LeaseElection>(*lease_client_, election, jitter_);
}

ClusterBackend::~ClusterBackend() = default;

bool ClusterBackend::poll(store::Now now) {
  if (election_) {
    lease_client_->step(now.monotonic);
    election_->step(now.monotonic, now.wall);
    watch_election();
  }
  if (leaving_) return false;
  client_->step(now.monotonic);
  const bool changed = objects_.poll(now);
  take_epoch(now.monotonic);
  if (sidecars_) sidecars_->step(now, acting());
  // It may have read the last that was missing; nothing else might wake the loop soon.
  if (take_epoch(now.monotonic) && sidecars_) sidecars_->step(now, acting());
  if (acting()) {
    statuses_.step(now.monotonic, [this] { return acting(); });
    events_.step(now.monotonic, now.wall);
  }
  for (kube::Client* client : {client_.get(), lease_client_.get()}) {
    if (client == nullptr) continue;
    for (const std::string& warning : client->take_warnings())
      notices_.push_back({Notice::Level::Warning, "the API server warns: " + warning});
  }
  return changed;
}

// True when it is new.
bool ClusterBackend::take_epoch(TimePoint now) {
  if (epoch_ || in_charge(now) != Duty::Act) return false;
  epoch_ = election_ ? election_->epoch() : objects_.newest_resource_version();
  return true;
}

bool ClusterBackend::acting() const { return epoch_ && in_charge(clock_.now()) == Duty::Act; }

std::optional<TimePoint> ClusterBackend::next_deadline() const {
  std::optional<TimePoint> next;
  auto add = [&](std::optional<TimePoint> when) {
    if (when && (!next || *when < *next)) next = when;
  };
  if (election_) {
    add(lease_client_->next_deadline());
    add(election_->next_deadline());
  }
  if (leaving_) return next;
  add(client_->next_deadline());
  add(objects_.next_deadline());
  if (sidecars_) add(sidecars_->next_deadline(epoch_.has_value()));
  if (!epoch_) return next;
  add(statuses_.next_deadline());
  add(events_.next_deadline());
  return next;
}

// Without a certificate the first attempt to reach any sidecar would fail, and gateways are placed by how
// those end.
Backend::Duty ClusterBackend::duty(TimePoint now) const {
  const Duty duty = in_charge(now);
  return duty == Duty::Act && sidecars_ && !sidecars_->settled() ? Duty::Wait : duty;
}

Backend::Duty ClusterBackend::in_charge(TimePoint now) const {
  if (election_) {
    if (election_->state() == LeaseElection::State::Lost) return Duty::Stop;
    if (election_->state() == LeaseElection::State::Standby) return epoch_ ? Duty::Stop : Duty::Wait;
    if (now >= election_->valid_until()) return Duty::Stop;
  }
  return objects_.synced() && (!sidecars_ || sidecars_->synced()) ? Duty::Act : Duty::Wait;
}

std::string ClusterBackend::stop_reason() const {
  std::string text =
      "no longer holds the Lease " + options_.namespace_ + "/" + kLease + " and does nothing more";
  if (!election_->holder().empty() && election_->holder() != options_.identity)
    text += "; it is held by " + election_->holder();
  if (!election_->trouble().empty()) text += "; " + election_->trouble();
  return text;
}

uint64_t ClusterBackend::epoch() const {
  CHECK(epoch_.has_value());
  return *epoch_;
}

std::optional<std::vector<sidecars::SidecarNode>> ClusterBackend::take_sidecars(TimePoint now) {
  return sidecars_ ? sidecars_->take_nodes(now) : std::nullopt;
}

std::shared_ptr<const sidecars::TlsSlot> ClusterBackend::identity() const {
  return sidecars_ ? sidecars_->identity() : nullptr;
}

void ClusterBackend::tell(const std::vector<controller::Transition>& transitions, store::Now now) {
  for (const controller::Transition& transition : transitions)
    if (worth_an_event(transition)) events_.record(note_of(transition), now.monotonic, now.wall);
}

void ClusterBackend::watch_election() {
  const std::string lease = "the Lease " + options_.namespace_ + "/" + kLease;
  if (election_->state() == LeaseElection::State::Leading && !std::exchange(told_leading_, true))
    notices_.push_back(
        {Notice::Level::Info, "leads: holds " + lease + ", epoch " + std::to_string(election_->epoch())});
  if (std::string trouble = election_->trouble(); trouble != told_trouble_) {
    told_trouble_ = trouble;
    notices_.push_back(trouble.empty() ? Notice{Notice::Level::Info, lease + " can be reached again"}
                                       : Notice{Notice::Level::Warning, lease + ": " + trouble});
  }
  std::string holder = election_->holder();
  if (holder.empty() || holder == told_holder_) return;
  told_holder_ = holder;
  if (holder != options_.identity)
    notices_.push_back({Notice::Level::Info, "stands by: " + lease + " is held by " + holder});
}

std::vector<Notice> ClusterBackend::take_notices() {
  std::vector<Notice> all = std::exchange(notices_, {});
  for (Notice& notice : objects_.take_notices()) all.push_back(std::move(notice));
  for (Notice& notice : statuses_.take_notices()) all.push_back(std::move(notice));
  if (!sidecars_) return all;
  for (Notice& notice : sidecars_->take_notices()) all.push_back(std::move(notice));
  return all;
}

std::map<std::pair<std::string, int>, uint64_t> ClusterBackend::requests() const {
  kube::RequestCounts all = client_->requests();
  if (lease_client_)
    for (const auto& [what, count] : lease_client_->requests()) all[what] += count;
  return all;
}

std::string ClusterBackend::readiness() const {
  if (!objects_.synced()) return objects_.trouble();
  if (sidecars_ && !sidecars_->synced())
    return sidecars_->trouble().empty() ? "the sidecars' pods and the nodes have not been read yet"
                                        : sidecars_->trouble();
  if (!statuses_.trouble().empty()) return statuses_.trouble();
  // Nothing renews them while it lasts.
  if (std::string why = sidecars_ ? sidecars_->lasting_trouble(clock_.now()) : ""; !why.empty()) return why;
  // Nobody may be leading.
  if (election_ && election_->state() == LeaseElection::State::Standby && election_->holder().empty())
    return election_->trouble();
  return {};
}

void ClusterBackend::leave(store::Now now) {
  leaving_ = true;
  // Who does not lead may be about to: a request may be under way.
  if (election_) election_->release(now.monotonic, now.wall);
}

bool ClusterBackend::left() const { return !election_ || election_->released(); }

}  // namespace hawser::app
