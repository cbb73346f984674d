#include "sidecar/agent/operator_link.h"

#include "common/spec/wipe.h"

namespace hawser::agent {

void OperatorLink::opened(StreamId id, std::shared_ptr<SyncStream> stream) {
  if (down_) {
    stream->finish({ErrorCode::Unavailable, "the sidecar is shutting down"});
    return;
  }
  stream->read_next();
  streams_[id].stream = std::move(stream);
}

void OperatorLink::received(StreamId id, v1::OperatorMessage message) {
  take(id, message);
  // Whatever became of it: also a state that was refused has keys in it.
  if (message.has_desired_state()) spec::wipe_keys(*message.mutable_desired_state());
}

void OperatorLink::take(StreamId id, v1::OperatorMessage& message) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;  // replaced meanwhile
  Open& open = found->second;
  if (!open.greeted && message.has_hello()) {
    greet(id, open, message.hello());
  } else if (!open.greeted) {
    refuse(id, {ErrorCode::InvalidArgument, "the first message of a stream must be Hello"});
  } else if (message.has_desired_state()) {
    desire(id, open, *message.mutable_desired_state());
  } else {
    refuse(id, {ErrorCode::InvalidArgument, "after Hello only DesiredState is allowed"});
  }
}

void OperatorLink::greet(StreamId id, Open& open, const v1::Hello& hello) {
  const auto admission = gate_.hello(id, hello.epoch());
  if (!admission.admitted) {
    refuse(id, admission.admitted.error());
    return;
  }
  open.greeted = true;
  open.identity = hello.identity();
  if (admission.replaced) {
    refuse(*admission.replaced,
           {admission.replaced_by_higher ? ErrorCode::PermissionDenied : ErrorCode::AlreadyExists,
            admission.replaced_because});
  }
  parts_.log("operator connected, version " + hello.version() + ", epoch " + std::to_string(hello.epoch()));
  v1::SidecarMessage answer;
  auto& ours = *answer.mutable_hello();
  ours.set_version(parts_.version);
  ours.set_identity(parts_.node);
  ours.set_epoch(gate_.highest_epoch());
  for (auto& held : parts_.held()) *ours.add_held() = std::move(held);
  open.stream->send(std::move(answer));
  open.stream->read_next();
}

void OperatorLink::desire(StreamId id, Open& open, v1::DesiredState& desired) {
  auto admitted = gate_.admits(id, desired.epoch(), desired.generation());
  if (!admitted) {
    refuse(id, admitted.error());
    return;
  }
  v1::SidecarMessage answer;
  *answer.mutable_ack() = parts_.apply(desired);
  for (const auto& entry : answer.ack().entries()) {
    if (entry.code() == "OK") continue;
    parts_.log("refused " + entry.namespace_() + "/" + entry.name() + ": " + entry.code() + ": " +
               entry.message());
  }
  open.stream->send(std::move(answer));
  open.stream->read_next();
}

void OperatorLink::refuse(StreamId id, const Error& error) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  parts_.log("operator stream ended: " + error.message);
  found->second.stream->finish(error);
  streams_.erase(found);
  gate_.closed(id);
}

void OperatorLink::closed(StreamId id) {
  if (streams_.erase(id) > 0) parts_.log("operator stream closed; tunnels stay as they are");
  gate_.closed(id);
}

void OperatorLink::publish(TimePoint now, const std::shared_ptr<const status::Snapshot>& snapshot) {
  if (!gate_.current()) return;
  const auto found = streams_.find(*gate_.current());
  if (found == streams_.end() || !found->second.stream->idle()) return;
  Open& open = found->second;
  const auto due = open.feed.next_due();
  if (open.told == snapshot && (!due || now < *due)) return;
  open.told = snapshot;
  auto status = open.feed.poll(now, *snapshot);
  if (!status) return;
  v1::SidecarMessage message;
  *message.mutable_status() = std::move(*status);
  open.stream->send(std::move(message));
}

std::optional<TimePoint> OperatorLink::next_due() const {
  if (!gate_.current()) return std::nullopt;
  const auto found = streams_.find(*gate_.current());
  // A stream that is still writing wakes the loop when it is done.
  if (found == streams_.end() || !found->second.stream->idle()) return std::nullopt;
  return found->second.feed.next_due();
}

void OperatorLink::shut_down() {
  down_ = true;
  for (auto& [id, open] : streams_)
    open.stream->finish({ErrorCode::Unavailable, "the sidecar is shutting down"});
  streams_.clear();
}

}  // namespace hawser::agent
