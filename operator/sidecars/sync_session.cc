#include "operator/sidecars/sync_session.h"

#include <utility>

namespace hawser::sidecars {
namespace {

template <typename Message>
ConnectionName name_of(const Message& message) {
  return message.namespace_() + "/" + message.name();
}

}  // namespace

SyncSession::SyncSession(std::string name, Identity identity, Backoff backoff)
    : identity_(std::move(identity)), backoff_(std::move(backoff)) {
  snapshot_.name = std::move(name);
}

void SyncSession::set_desired(Desired desired) {
  desired_ = std::move(desired);
  desired_due_ = snapshot_.state == LinkState::Connected;
}

void SyncSession::handle_open(TimePoint now) {
  hello_due_ = true;
  desired_due_ = false;
  unacked_.clear();
  held_.clear();
  snapshot_.generation = 0;
  snapshot_.applied_generation = 0;
}

void SyncSession::handle_message(TimePoint now, const v1::SidecarMessage& message) {
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

void SyncSession::on_hello(TimePoint now, const v1::Hello& hello) {
  snapshot_.state = LinkState::Connected;
  snapshot_.message.clear();
  snapshot_.since = now;
  snapshot_.node = hello.identity();
  // What it acknowledged before may be gone with its process.
  snapshot_.acked.clear();
  snapshot_.status_known = false;
  for (const v1::HeldConnection& held : hello.held()) held_[name_of(held)] = held;
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
    snapshot_.acked[revision->first] = {revision->second, entry.code(), entry.field_path(), entry.message()};
  }
  unacked_.erase(unacked_.begin(), std::next(sent));
}

void SyncSession::on_status(const v1::SidecarStatus& status) {
  if (status.full()) {
    snapshot_.statuses.clear();
    snapshot_.status_known = true;
  }
  for (const v1::ConnectionStatus& connection : status.connections()) {
    // One that crossed the message which removed it tells of nothing that is wanted.
    if (snapshot_.generation != 0 && !sent_.contains(name_of(connection))) continue;
    snapshot_.statuses[name_of(connection)] = connection;
  }
}

void SyncSession::handle_closed(TimePoint now, bool refused, const std::string& why) {
  const LinkState state = refused ? LinkState::Refused : LinkState::Unreachable;
  if (snapshot_.state != state) snapshot_.since = now;
  changed_ = changed_ || snapshot_.state != state || snapshot_.message != why;
  snapshot_.state = state;
  snapshot_.message = why;
  hello_due_ = desired_due_ = false;
  unacked_.clear();
  next_attempt_ = now + (refused ? backoff_.next_refused() : backoff_.next());
}

std::optional<v1::OperatorMessage> SyncSession::poll_transmit() {
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
