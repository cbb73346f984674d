#include "operator/sidecars/sync_session.h"

#include <utility>

#include "common/spec/check.h"
#include "operator/sidecars/texts.h"

namespace hawser::sidecars {
namespace {

constexpr size_t kMaxHeld = 20'000;   // connections of one node
constexpr size_t kMaxUnasked = 1000;  // statuses of what it neither holds nor was told, before it was told
constexpr size_t kMaxUnacked = 16;    // states in flight whose revisions are remembered
constexpr size_t kMaxIdentity = 253;

template <typename Message>
bool usable(const Message& message) {
  return spec::usable_name(message.namespace_()) && spec::usable_name(message.name());
}

template <typename Message>
ConnectionName name_of(const Message& message) {
  return message.namespace_() + "/" + message.name();
}

}  // namespace

SyncSession::SyncSession(std::string name, Identity identity, Backoff backoff, std::string node)
    : identity_(std::move(identity)), backoff_(std::move(backoff)), node_(std::move(node)) {
  snapshot_.name = std::move(name);
}

void SyncSession::set_desired(Desired desired) {
  desired_ = std::move(desired);
  desired_due_ = greeted_;
}

void SyncSession::handle_open(TimePoint now) {
  hello_due_ = true;
  desired_due_ = false;
  greeted_ = false;
  violation_.clear();
  unacked_.clear();
  held_.clear();
  snapshot_.generation = 0;
  snapshot_.applied_generation = 0;
}

void SyncSession::handle_message(TimePoint now, const v1::SidecarMessage& message) {
  if (!violation_.empty()) return;
  if (message.has_hello() == greeted_) {
    violation_ = greeted_ ? "the sidecar says Hello twice" : "the sidecar's first message is not Hello";
    return;
  }
  changed_ = true;
  switch (message.message_case()) {
    case v1::SidecarMessage::kHello:
      return on_hello(now, message.hello());
    case v1::SidecarMessage::kAck:
      return on_ack(message.ack());
    case v1::SidecarMessage::kStatus:
      return on_status(message.status());
    case v1::SidecarMessage::MESSAGE_NOT_SET:
      return;  // a newer sidecar's message that this version does not know
  }
}

void SyncSession::accuse(const std::string& why) {
  if (violation_.empty()) violation_ = why;
}

void SyncSession::on_hello(TimePoint now, const v1::Hello& hello) {
  std::string identity = hello.identity();
  cap_text(identity, kMaxIdentity);
  if (!node_.empty() && identity != node_) {
    violation_ = "the sidecar that answers says it is on node " +
                 (spec::usable_name(identity) ? identity : "with an impossible name") + ", not " + node_ +
                 ": nothing is sent to it";
    return;
  }
  if (static_cast<size_t>(hello.held_size()) > kMaxHeld) {
    violation_ = "the sidecar says it holds " + std::to_string(hello.held_size()) + " connections";
    return;
  }
  greeted_ = true;
  snapshot_.state = LinkState::Connected;
  snapshot_.message.clear();
  snapshot_.since = now;
  snapshot_.node = std::move(identity);
  // What it acknowledged before may be gone with its process.
  snapshot_.acked.clear();
  snapshot_.status_known = false;
  for (const v1::HeldConnection& held : hello.held()) {
    if (!usable(held)) continue;
    v1::HeldConnection& kept = held_[name_of(held)] = held;
    cap_texts(kept);
  }
  backoff_.reset();
  desired_due_ = desired_.has_value();
}

void SyncSession::on_ack(const v1::Ack& ack) {
  auto sent = unacked_.find(ack.generation());
  // Of another stream, or acknowledged before: it tells nothing about what was sent here.
  if (sent == unacked_.end()) return;
  snapshot_.applied_generation = ack.generation();
  snapshot_.acked.clear();
  for (const v1::Ack::Entry& entry : ack.entries()) {
    auto revision = sent->second.find(name_of(entry));
    if (revision == sent->second.end()) continue;
    v1::Ack::Entry kept = entry;
    cap_texts(kept);
    snapshot_.acked[revision->first] = {revision->second, kept.code(), kept.field_path(), kept.message()};
  }
  unacked_.erase(unacked_.begin(), std::next(sent));
}

void SyncSession::on_status(const v1::SidecarStatus& status) {
  if (status.full()) {
    snapshot_.statuses.clear();
    snapshot_.status_known = true;
  }
  for (const v1::ConnectionStatus& connection : status.connections()) {
    const ConnectionName name = name_of(connection);
    if (!usable(connection) || !is_asked_for(name)) continue;
    v1::ConnectionStatus& kept = snapshot_.statuses[name] = connection;
    cap_texts(kept);
  }
}

bool SyncSession::is_asked_for(const ConnectionName& name) const {
  // One that crossed the message which removed it tells of nothing that is wanted.
  if (snapshot_.generation != 0) return sent_.contains(name);
  // What it refused it does not hold, and yet tells of.
  return held_.contains(name) || snapshot_.statuses.contains(name) ||
         snapshot_.statuses.size() < held_.size() + kMaxUnasked;
}

void SyncSession::handle_closed(TimePoint now, bool refused, const std::string& closed) {
  const std::string violation = std::exchange(violation_, {});
  const std::string& why = violation.empty() ? closed : violation;
  refused = refused && violation.empty();
  const LinkState state = refused ? LinkState::Refused : LinkState::Unreachable;
  if (snapshot_.state != state) snapshot_.since = now;
  changed_ = changed_ || snapshot_.state != state || snapshot_.message != why;
  snapshot_.state = state;
  snapshot_.message = why;
  hello_due_ = desired_due_ = greeted_ = false;
  unacked_.clear();
  // What did wrong will do it again.
  next_attempt_ = now + (refused || !violation.empty() ? backoff_.next_refused() : backoff_.next());
}

std::optional<v1::OperatorMessage> SyncSession::poll_transmit() {
  if (!violation_.empty()) return std::nullopt;
  if (std::exchange(hello_due_, false)) {
    v1::OperatorMessage message;
    message.mutable_hello()->set_version(identity_.version);
    message.mutable_hello()->set_epoch(identity_.epoch);
    message.mutable_hello()->set_identity(identity_.identity);
    return message;
  }
  // The state waits for the sidecar's Hello: only that says what it holds.
  if (std::exchange(desired_due_, false)) return make_desired_state();
  return std::nullopt;
}

v1::OperatorMessage SyncSession::make_desired_state() {
  v1::OperatorMessage message;
  v1::DesiredState& state = *message.mutable_desired_state();
  state.set_epoch(identity_.epoch);
  state.set_generation(next_generation_++);
  if (unacked_.size() == kMaxUnacked) unacked_.erase(unacked_.begin());
  auto& revisions = unacked_[state.generation()];
  for (const DesiredEntry& wanted : desired_->entries) {
    v1::DesiredState::Entry& entry = *state.add_entries();
    entry.set_namespace_(wanted.namespace_);
    entry.set_name(wanted.name);
    entry.set_uid(wanted.uid);
    if (wanted.spec) {
      *entry.mutable_spec() = *wanted.spec;
    } else {
      entry.mutable_hold();
    }
    revisions[name_of(entry)] = wanted.revision;
  }
  if (desired_->hold_others) {
    for (const auto& [name, held] : held_) {
      if (revisions.contains(name)) continue;
      v1::DesiredState::Entry& entry = *state.add_entries();
      entry.set_namespace_(held.namespace_());
      entry.set_name(held.name());
      entry.set_uid(held.uid());
      entry.mutable_hold();
      revisions[name] = 0;
    }
  }
  // What is removed now and comes again later is another connection: the old one's status must not speak for
  // it.
  std::erase_if(snapshot_.statuses, [&](const auto& status) { return !revisions.contains(status.first); });
  sent_.clear();
  for (const auto& [name, revision] : revisions) sent_.insert(name);
  snapshot_.generation = state.generation();
  changed_ = true;
  return message;
}

bool SyncSession::take_changed() { return std::exchange(changed_, false); }

}  // namespace hawser::sidecars
