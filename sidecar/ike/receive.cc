#include "sidecar/ike/receive.h"

#include <algorithm>

#include "sidecar/ike/children.h"
#include "sidecar/ike/exchanges/ike_sa_init.h"
#include "sidecar/ike/failure.h"
#include "sidecar/ike/nat.h"
#include "sidecar/ike/transitions.h"

namespace hawser::ike {
namespace {

using wire::ExchangeType;
using wire::NotifyType;

Connection* drop(Engine& engine) {
  ++engine.dropped;
  return nullptr;
}

const wire::UnknownPayload* critical_unknown(const std::vector<wire::Payload>& payloads) {
  for (const auto& payload : payloads) {
    const auto* unknown = std::get_if<wire::UnknownPayload>(&payload);
    // The critical bit of a type that RFC 7296 defines is ignored (2.5).
    if (unknown != nullptr && unknown->critical && (unknown->type < 33 || unknown->type > 48)) return unknown;
  }
  return nullptr;
}

void run(Engine& engine, IkeSa& sa, const Transition& row, const Received& received) {
  row.handler(engine, sa, received);
  CHECK((row.next & state_bit(sa.state)) != 0);
}

// --- IKE_SA_INIT: nothing proves it ---

Connection* receive_init_request(Engine& engine, const Datagram& datagram, wire::Message message) {
  const auto& header = message.header;
  Connection* connection = find_connection(engine, datagram.local.address, datagram.remote.address);
  if (connection == nullptr || header.message_id != 0 || !header.initiator || !header.initiator_spi ||
      header.responder_spi)
    return drop(engine);
  // Our own request, sent back by somebody on the path, or by this node to itself: we would agree with
  // ourselves, key and all. The SPIs are part of the keys, so one that is changed on the way gets nobody
  // further.
  if (find_sa(engine, header.initiator_spi) != nullptr) return drop(engine);
  const Received received{datagram, std::move(message)};
  if (const auto* unknown = critical_unknown(received.message.payloads)) {
    answer_statelessly(engine, received,
                       make_notify(NotifyType::UnsupportedCriticalPayload, {unknown->type}));
    return drop(engine);
  }
  bool known = false;
  const auto* row =
      find_transition(SaState::Idle, ExchangeType::IkeSaInit, false, payload_bits(received.message), &known);
  if (row == nullptr) return drop(engine);
  IkeSa idle;
  idle.connection = connection;
  run(engine, idle, *row, received);
  return connection;
}

Connection* receive_init_response(Engine& engine, IkeSa& sa, const Datagram& datagram,
                                  wire::Message message) {
  const bool expected = sa.state == SaState::SaInitSent && sa.request && message.header.message_id == 0 &&
                        datagram.remote.address == sa.remote.address;
  // A second answer, or one for an SA that moved on, is nothing to act on (RFC 7296 2.1).
  if (!expected || critical_unknown(message.payloads) != nullptr) return drop(engine);
  const Received received{datagram, std::move(message)};
  bool known = false;
  const auto* row =
      find_transition(sa.state, ExchangeType::IkeSaInit, true, payload_bits(received.message), &known);
  if (row == nullptr) return drop(engine);
  Connection* connection = sa.connection;
  run(engine, sa, *row, received);
  return connection;
}

// --- everything else is protected ---

// The SA by the SPI that we gave it; the I flag says which of the two that is (RFC 7296 2.6, 3.1).
IkeSa* find_for(Engine& engine, const wire::Header& header) {
  IkeSa* sa = find_sa(engine, header.initiator ? header.responder_spi : header.initiator_spi);
  if (sa == nullptr) return nullptr;
  const auto role = header.initiator ? sa::Role::Responder : sa::Role::Initiator;
  if (sa->role != role) return nullptr;
  if (sa->state == SaState::SaInitSent) return sa;  // does not know the peer's SPI yet
  return sa->peer_spi == (header.initiator ? header.initiator_spi : header.responder_spi) ? sa : nullptr;
}

void move_peer(Engine& engine, IkeSa& sa, const Datagram& datagram) {
  // RFC 7296 2.23: a NAT in front of the peer may change its mind; behind one ourselves we do not follow.
  if (!has_remote(sa.nat) || has_local(sa.nat) || sa.remote == datagram.remote) return;
  sa.remote = datagram.remote;
  sa.local = datagram.local;
  for (const auto& child : sa.connection->children)
    if (child.owner == sa.local_spi && child.encapsulation == sa::Encapsulation::Udp)
      engine.actions.emplace_back(
          sa::UpdateEndpoint{sa.connection->config.name, child.inbound, sa.local, sa.remote});
}

void mark_alive(Engine& engine, IkeSa& sa, const Datagram& datagram, bool request) {
  if (sa.state != SaState::Established && sa.state != SaState::Rekeyed && sa.state != SaState::Deleting)
    return;
  sa.last_heard = engine.now;
  sa.confirmed = true;
  for (auto& child : sa.connection->children)
    if (child.owner == sa.local_spi && child.confirm_by_ike) confirm_child(child);
  if (request)
    for (auto& child : sa.connection->children)
      if (child.owner == sa.local_spi) child.answer_seen = true;
  move_peer(engine, sa, datagram);
}

// RFC 7296 2.21.3: proved to be the peer's, and broken: the SA is of no more use on either side.
void fail_syntax(Engine& engine, IkeSa& sa, const Received& received, const std::string& why) {
  Connection& connection = *sa.connection;
  const auto exchange = received.message.header.exchange_type;
  const bool response = received.message.header.response;
  const auto role = response ? sa::Role::Initiator : sa::Role::Responder;
  Failure failure = make_failure(engine, catalog::Reason::NegotiationFailed, role, exchange, why);
  if (!response) respond_notify(engine, sa, received, NotifyType::InvalidSyntax);
  const bool attempt = connection.attempt == sa.local_spi;
  if (attempt) return end_attempt(engine, connection, std::move(failure));
  close_sa(engine, sa, Children::Remove);
  schedule_retry(engine, connection, std::chrono::seconds(1), std::chrono::seconds(2));
  note_failure(engine, connection, std::move(failure));
}

void act_on(Engine& engine, IkeSa& sa, const Datagram& datagram, wire::Header header,
            const Protection::Opened& opened) {
  mark_alive(engine, sa, datagram, !header.response);
  Received received{datagram, {header, {}}};
  auto payloads = wire::parse_payloads(opened.first, opened.chain);
  if (!payloads)
    return fail_syntax(engine, sa, received, "the peer's message is broken: " + payloads.error().message);
  received.message.payloads = std::move(*payloads);
  if (const auto* unknown = critical_unknown(received.message.payloads)) {
    if (header.response) return;  // the peer's fault; the request stays in flight (RFC 7296 2.5)
    respond_notify(engine, sa, received, NotifyType::UnsupportedCriticalPayload, {unknown->type});
    if (sa.state == SaState::SaInitReplied) close_sa(engine, sa, Children::Remove);
    return;
  }
  bool known = false;
  const auto* row = find_transition(sa.state, header.exchange_type, header.response,
                                    payload_bits(received.message), &known);
  if (row != nullptr) return run(engine, sa, *row, received);
  if (known) fail_syntax(engine, sa, received, "the peer's message lacks a payload");
}

// A request that we have answered before: the same answer, and nothing else (RFC 7296 2.1).
bool repeat_answer(Engine& engine, IkeSa& sa, const Datagram& datagram, const wire::Message& message) {
  if (sa.window.judge_request(message.header.message_id) != MessageIdWindow::Verdict::Repeated) return false;
  const bool same = sa.window.same_as_last(datagram.payload);
  if (!same && !(sa.protection && sa.protection->open(datagram.payload, message))) return false;
  if (sa.window.last_response().empty()) return false;
  transmit(engine, datagram.local, datagram.remote, sa.window.last_response());
  return true;
}

Connection* receive_protected(Engine& engine, IkeSa& sa, const Datagram& datagram,
                              const wire::Message& message) {
  const auto& header = message.header;
  Connection* connection = sa.connection;
  if (header.response) {
    const bool expected = sa.request && sa.request->message_id == header.message_id &&
                          sa.request->exchange == header.exchange_type;
    if (!expected) return drop(engine);
  } else if (sa.window.judge_request(header.message_id) != MessageIdWindow::Verdict::Fresh) {
    return repeat_answer(engine, sa, datagram, message) ? connection : drop(engine);
  }
  // Before the work of opening: is there any row for it in this state (RFC 7296 1.4)?
  bool known = false;
  find_transition(sa.state, header.exchange_type, header.response, 0, &known);
  if (!known || !sa.protection) return drop(engine);
  auto opened = sa.protection->open(datagram.payload, message);
  if (!opened) return drop(engine);
  act_on(engine, sa, datagram, header, *opened);
  return connection;
}

}  // namespace

Connection* receive(Engine& engine, const Datagram& datagram) {
  if (datagram.payload.size() == 1 && datagram.payload[0] == 0xFF) return nullptr;  // RFC 3948 2.3: keepalive
  auto parsed = wire::parse(datagram.payload);
  if (!parsed || parsed->header.major_version != 2) return drop(engine);
  const auto header = parsed->header;
  if (header.exchange_type == ExchangeType::IkeSaInit && !header.response)
    return receive_init_request(engine, datagram, std::move(*parsed));
  IkeSa* sa = find_for(engine, header);
  if (sa == nullptr) return drop(engine);
  if (header.exchange_type == ExchangeType::IkeSaInit)
    return receive_init_response(engine, *sa, datagram, std::move(*parsed));
  return receive_protected(engine, *sa, datagram, *parsed);
}

}  // namespace hawser::ike
