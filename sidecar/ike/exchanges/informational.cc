#include "sidecar/ike/exchanges/informational.h"

#include <algorithm>

#include "sidecar/ike/children.h"
#include "sidecar/ike/convergence.h"
#include "sidecar/ike/failure.h"

namespace hawser::ike {
namespace {

using catalog::Reason;
using std::chrono::milliseconds;
using wire::NotifyType;

constexpr auto kExchange = wire::ExchangeType::Informational;

wire::DeletePayload delete_ike() { return {wire::ProtocolId::Ike, {}}; }
wire::DeletePayload delete_esp(std::vector<sa::Spi> spis) { return {wire::ProtocolId::Esp, std::move(spis)}; }

// The last Child SA of an IKE SA went without another in its place. The next try waits also where an older
// IKE SA still has a tunnel: a peer that cannot install would be asked without a pause.
void peer_deleted_child(Engine& engine, IkeSa& sa) {
  Connection& connection = *sa.connection;
  schedule_child_retry(engine, connection, sa);
  if (has_tunnel(connection)) return;
  note_failure(engine, connection,
               make_failure(engine, Reason::PeerDeleted, sa::Role::Responder, kExchange,
                            "the peer deleted the Child SA"));
}

void peer_deleted_ike(Engine& engine, IkeSa& sa, bool refused_us) {
  Connection& connection = *sa.connection;
  const bool replaced = sa.state == SaState::Rekeyed;
  const bool ours_too = sa.state == SaState::Deleting;
  close_sa(engine, sa, Children::Linger);
  if (replaced || ours_too || has_tunnel(connection)) return;
  if (refused_us) {
    // RFC 7296 2.21.2: the peer could not verify us, after we had verified it.
    Failure failure = make_failure(engine, Reason::AuthenticationFailed, sa.lineage, kExchange,
                                   "the peer refused our authentication: shared key or identity differ");
    failure.notify = wire::to_string(NotifyType::AuthenticationFailed);
    return end_attempt(engine, connection, std::move(failure));
  }
  if (preferred_sa(connection) == nullptr)
    schedule_retry(engine, connection, milliseconds(1000), milliseconds(2000));
  note_failure(engine, connection,
               make_failure(engine, Reason::PeerDeleted, sa::Role::Responder, kExchange,
                            "the peer deleted the IKE SA"));
}

// Deletes one pair by the peer's SPI, and gives ours to be named in the answer (RFC 7296 1.4.1).
std::optional<sa::Spi> delete_pair(Engine& engine, IkeSa& sa, sa::Spi outbound) {
  ChildSa* child = sa.connection->find_child_by_outbound(sa.local_spi, outbound);
  if (child == nullptr) {
    if (sa.request && sa.request->child_spi && sa.request->deleted_early.size() < 8)
      sa.request->deleted_early.push_back(outbound);
    return std::nullopt;
  }
  const sa::Spi inbound = child->inbound;
  // Both sides deleted it at once: each answer goes without (RFC 7296 1.4.1).
  const bool crossed = sa.request && sa.request->task == Task{RequestKind::DeleteChild, inbound, false};
  // RFC 7296 2.8: the peer is through with the old pair, so it is ready on the new one.
  if (ChildSa* next =
          child->state == ChildState::Rekeyed ? sa.connection->find_child(child->successor) : nullptr)
    confirm_child(*next);
  linger_child(engine, *sa.connection, *child);
  if (crossed) return std::nullopt;
  return inbound;
}

}  // namespace

void begin_informational(Engine& engine, IkeSa& sa, const Task& task) {
  Request request;
  request.task = task;
  request.exchange = kExchange;
  std::vector<wire::Payload> payloads;
  if (task.kind == RequestKind::DeleteIke) {
    if (task.authentication_failed) payloads.emplace_back(make_notify(NotifyType::AuthenticationFailed));
    payloads.emplace_back(delete_ike());
    sa.state = SaState::Deleting;
    sa.timers.clear_all();
  } else if (task.kind == RequestKind::DeleteChild) {
    ChildSa* child = sa.connection->find_child(task.child);
    if (child == nullptr || child->owner != sa.local_spi) return;  // the peer deleted it meanwhile
    child->state = ChildState::Deleting;
    payloads.emplace_back(delete_esp({task.child}));
  } else if (task.kind == RequestKind::DiscardChild) {
    payloads.emplace_back(delete_esp({task.child}));
  }
  send_request(engine, sa, std::move(request), payloads);
}

void on_informational_request(Engine& engine, IkeSa& sa, const Received& received) {
  bool delete_sa = false;
  const bool had_child = sa.usable() && has_live_child(sa);
  std::vector<sa::Spi> ours;
  for (const auto& payload : received.message.payloads) {
    const auto* gone = std::get_if<wire::DeletePayload>(&payload);
    if (gone == nullptr) continue;
    if (gone->protocol == wire::ProtocolId::Ike) delete_sa = true;
    if (gone->protocol != wire::ProtocolId::Esp) continue;
    // Who rekeyed may name the old pair here or, after an IKE rekey, still on the old IKE SA: only pairs of
    // this one.
    for (auto spi : gone->spis)
      if (auto inbound = delete_pair(engine, sa, spi)) ours.push_back(*inbound);
  }
  const bool refused_us = received.message.find_notify(NotifyType::AuthenticationFailed) != nullptr;
  std::vector<wire::Payload> payloads;
  if (!delete_sa && !ours.empty()) payloads.emplace_back(delete_esp(ours));
  respond(engine, sa, received, payloads);
  if (delete_sa || refused_us) return peer_deleted_ike(engine, sa, refused_us);
  if (had_child && !has_live_child(sa)) peer_deleted_child(engine, sa);
}

void on_informational_response(Engine& engine, IkeSa& sa, const Received& received) {
  const Task task = sa.request->task;
  sa.request.reset();
  if (task.kind == RequestKind::DeleteIke) return close_sa(engine, sa, Children::Linger);
  if (task.kind != RequestKind::DeleteChild) return;
  if (ChildSa* child = sa.connection->find_child(task.child)) linger_child(engine, *sa.connection, *child);
}

void send_last_delete(Engine& engine, IkeSa& sa) {
  if (!sa.protection || (sa.state != SaState::Established && sa.state != SaState::Rekeyed)) return;
  const auto header = make_header(sa, kExchange, false, sa.window.take_request_id());
  transmit(engine, sa.local, sa.remote, sa.protection->seal(header, {delete_ike()}, engine.random));
}

}  // namespace hawser::ike
