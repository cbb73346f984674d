#include "sidecar/ike/exchanges/ike_sa_init.h"

#include <algorithm>

#include "sidecar/ike/exchanges/ike_auth.h"
#include "sidecar/ike/failure.h"
#include "sidecar/ike/nat.h"

namespace hawser::ike {
namespace {

using std::chrono::seconds;
using wire::NotifyType;

constexpr size_t kMaxHalfOpen = 32;  // of one peer; its address proves nothing yet
constexpr size_t kMaxSas = 128;      // with those that failed and only repeat their last answer
constexpr int kMaxCookieRounds = 3;
constexpr Duration kErrorGrace = seconds(2);

// Also when the route decides our address only on sending: then the peer must not compare, and both
// encapsulate.
bool hides_source(const Engine& engine, const IkeSa& sa) {
  return !engine.config.raw_esp || sa.local.address.is_unspecified();
}

wire::Message init_message(const Engine& engine, const IkeSa& sa, const FirstExchange& first,
                           const crypto::KeyExchange& key_exchange) {
  wire::Message message;
  message.header = make_header(sa, wire::ExchangeType::IkeSaInit, sa.role == sa::Role::Responder, 0);
  if (first.cookie) message.payloads.emplace_back(*first.cookie);
  const bool initiator = sa.role == sa::Role::Initiator;
  auto value = key_exchange.public_value();
  message.payloads.emplace_back(wire::SaPayload{{make_ike_proposal(sa.suite, {})}});
  message.payloads.emplace_back(wire::KePayload{sa.suite.group->id, Bytes(value.begin(), value.end())});
  message.payloads.emplace_back(wire::NoncePayload{initiator ? first.nonce_i : first.nonce_r});
  append_nat_detection(message.payloads, sa.initiator_spi(), sa.responder_spi(), sa.local, sa.remote,
                       hides_source(engine, sa));
  return message;
}

void send_init(Engine& engine, IkeSa& sa, Request request) {
  request.bytes = wire::serialize(init_message(engine, sa, *sa.first, *request.key_exchange));
  sa.first->own_init = request.bytes;
  send_bytes(engine, sa, std::move(request));
}

void apply_nat(Engine& engine, IkeSa& sa, const Received& received) {
  auto found = detect_nat(received.message, received.datagram.local, received.datagram.remote);
  sa.nat_supported = found.supported;
  sa.nat = found.nat;
  sa.encapsulate = found.supported && (found.nat != Nat::None || hides_source(engine, sa));
}

bool derive_keys(Engine& engine, IkeSa& sa, const SecretBytes& secret) {
  const KeyInputs inputs{sa.first->nonce_i, sa.first->nonce_r, sa.initiator_spi(), sa.responder_spi()};
  SecretBytes seed = skeyseed(engine.crypto, sa.suite, inputs, secret.view());
  sa.keys = derive_ike_keys(engine.crypto, sa.suite, seed.view(), inputs);
  sa.lowest_nonce = std::min(sa.first->nonce_i, sa.first->nonce_r);
  auto protection = Protection::create(engine.crypto, sa.suite, sa.keys, sa.role == sa::Role::Initiator);
  if (!protection) return false;
  sa.protection = std::move(*protection);
  return true;
}

void export_keys(Engine& engine, const IkeSa& sa) {
  if (!engine.config.export_keys) return;
  engine.events.emplace_back(IkeKeysDerived{sa.initiator_spi(), sa.responder_spi(), sa.suite,
                                            sa.keys.sk_ei.clone(), sa.keys.sk_er.clone(),
                                            sa.keys.sk_ai.clone(), sa.keys.sk_ar.clone()});
}

bool repeats_known_request(Engine& engine, const Connection& connection, const Received& received) {
  for (const auto* sa : connection.sas) {
    if (sa->init_request.empty() || sa->init_request != received.datagram.payload) continue;
    if (sa->state == SaState::SaInitReplied)
      transmit(engine, received.datagram.local, received.datagram.remote, sa->init_response);
    return true;  // past IKE_AUTH: an old copy, nobody waits for an answer
  }
  return false;
}

size_t half_open(const Connection& connection) {
  return static_cast<size_t>(
      std::ranges::count_if(connection.sas, [](auto* sa) { return sa->state == SaState::SaInitReplied; }));
}

void refuse(Engine& engine, Connection& connection, const Received& received, Mismatch mismatch) {
  answer_statelessly(engine, received, make_notify(NotifyType::NoProposalChosen));
  Failure failure = refused_offer(engine, wire::ExchangeType::IkeSaInit, mismatch);
  connection.peer_ike = PeerOffer{engine.now, std::move(mismatch)};
  note_unproved_failure(engine, connection, std::move(failure));
}

Bytes group_data(const sa::IkeSuite& suite) {
  Bytes out(2);
  store_be16(out.data(), suite.group->id);
  return out;
}

void accept(Engine& engine, Connection& connection, const Received& received, const wire::Proposal& answer) {
  const auto& message = received.message;
  auto key_exchange = crypto::KeyExchange::generate(engine.crypto, *connection.config.ike_suite.group);
  if (!key_exchange) return void(++engine.dropped);
  // RFC 6989 2.5: a public value that is no such thing is dropped; the sender may yet do better.
  auto secret = (*key_exchange)->shared_secret(message.find<wire::KePayload>()->data);
  if (!secret) return void(++engine.dropped);

  IkeSa& sa = create_sa(engine, connection, sa::Role::Responder, new_ike_spi(engine));
  sa.peer_spi = message.header.initiator_spi;
  sa.local = received.datagram.local;
  sa.remote = received.datagram.remote;
  sa.first.emplace();
  sa.first->began = engine.now;
  sa.first->nonce_i = message.find<wire::NoncePayload>()->data;
  sa.first->nonce_r = new_nonce(engine);
  sa.first->peer_init = received.datagram.payload;
  sa.first->peer_init.resize(load_be32(sa.first->peer_init.data() + 24));
  apply_nat(engine, sa, received);
  if (!derive_keys(engine, sa, *secret)) return close_sa(engine, sa, Children::Remove);
  wire::Message response = init_message(engine, sa, *sa.first, **key_exchange);
  response.payloads.front() = wire::SaPayload{{answer}};
  sa.init_response = sa.first->own_init = wire::serialize(response);
  sa.init_request = received.datagram.payload;
  sa.window.answered({}, {});  // message id 0; its repetitions are told by the whole packet
  sa.state = SaState::SaInitReplied;
  sa.timers.set(SaTimer::Expire, engine.now + engine.config.half_open_timeout);
  transmit(engine, sa.local, sa.remote, sa.init_response);
  export_keys(engine, sa);
}

}  // namespace

void answer_statelessly(Engine& engine, const Received& received, wire::NotifyPayload notify) {
  wire::Message response;
  response.header = received.message.header;
  response.header.responder_spi = {};
  response.header.major_version = 2;
  response.header.minor_version = 0;
  response.header.initiator = false;
  response.header.response = true;
  response.payloads.emplace_back(std::move(notify));
  transmit(engine, received.datagram.local, received.datagram.remote, wire::serialize(response));
}

void begin_ike_sa_init(Engine& engine, IkeSa& sa) {
  auto key_exchange = crypto::KeyExchange::generate(engine.crypto, *sa.suite.group);
  if (!key_exchange) {
    return end_attempt(engine, *sa.connection,
                       make_failure(engine, catalog::Reason::NegotiationFailed, sa::Role::Initiator,
                                    wire::ExchangeType::IkeSaInit, key_exchange.error().message));
  }
  sa.first.emplace();
  sa.first->began = engine.now;
  sa.first->nonce_i = new_nonce(engine);
  sa.state = SaState::SaInitSent;
  sa.window.take_request_id();
  Request request;
  request.task.kind = RequestKind::IkeSaInit;
  request.exchange = wire::ExchangeType::IkeSaInit;
  request.key_exchange = std::move(*key_exchange);
  send_init(engine, sa, std::move(request));
}

void on_ike_sa_init_request(Engine& engine, IkeSa& idle, const Received& received) {
  Connection& connection = *idle.connection;
  if (repeats_known_request(engine, connection, received)) return;
  if (engine.shutting_down || connection.config.mode == Mode::InitiatorOnly ||
      half_open(connection) >= kMaxHalfOpen || connection.sas.size() >= kMaxSas)
    return void(++engine.dropped);
  auto choice = choose_ike(*received.message.find<wire::SaPayload>(), connection.config.ike_suite, 0);
  if (auto* mismatch = std::get_if<Mismatch>(&choice))
    return refuse(engine, connection, received, std::move(*mismatch));
  const auto& suite = connection.config.ike_suite;
  if (received.message.find<wire::KePayload>()->group != suite.group->id)
    return answer_statelessly(engine, received, make_notify(NotifyType::InvalidKePayload, group_data(suite)));
  accept(engine, connection, received, std::get<Chosen>(choice).answer);
}

void on_ike_sa_init_response(Engine& engine, IkeSa& sa, const Received& received) {
  // RFC 7296 2.21.1: an answer that does not hold is no answer; the real one may still come.
  const auto& message = received.message;
  const auto& ke = *message.find<wire::KePayload>();
  if (!message.header.responder_spi || ke.group != sa.suite.group->id ||
      !verify_ike_reply(*message.find<wire::SaPayload>(), sa.suite, 0))
    return void(++engine.dropped);
  auto secret = sa.request->key_exchange->shared_secret(ke.data);
  if (!secret) return void(++engine.dropped);

  sa.peer_spi = message.header.responder_spi;
  sa.first->nonce_r = message.find<wire::NoncePayload>()->data;
  sa.first->peer_init = received.datagram.payload;
  sa.first->peer_init.resize(load_be32(sa.first->peer_init.data() + 24));
  apply_nat(engine, sa, received);
  sa.local = received.datagram.local;
  if (!derive_keys(engine, sa, *secret)) {
    return end_attempt(engine, *sa.connection,
                       make_failure(engine, catalog::Reason::NegotiationFailed, sa::Role::Initiator,
                                    wire::ExchangeType::IkeSaInit, "the keys do not fit the suite"));
  }
  if (sa.encapsulate) {  // RFC 7296 2.23: from here on over the other port
    sa.local.port = engine.config.nat_port;
    sa.remote.port = engine.config.nat_port;
  }
  sa.timers.clear(SaTimer::ErrorGrace);
  sa.connection->timers.clear(ConnectionTimer::Unreachable);
  sa.request.reset();
  export_keys(engine, sa);
  note_success(engine, *sa.connection, wire::ExchangeType::IkeSaInit, sa::Role::Initiator,
               engine.now - sa.began);
  begin_ike_auth(engine, sa);
}

void on_ike_sa_init_cookie(Engine& engine, IkeSa& sa, const Received& received) {
  const auto* cookie = received.message.find_notify(NotifyType::Cookie);
  if (cookie->data.empty() || cookie->data.size() > 64 || sa.first->cookie_rounds >= kMaxCookieRounds)
    return void(++engine.dropped);
  ++sa.first->cookie_rounds;
  sa.first->cookie = make_notify(NotifyType::Cookie, cookie->data);
  // The same request otherwise: SPI, nonce and public value stay (RFC 7296 2.6).
  Request request = std::move(*sa.request);
  send_init(engine, sa, std::move(request));
}

void on_ike_sa_init_error(Engine& engine, IkeSa& sa, const Received& received) {
  // Anyone could have sent it: told at once, believed only when nothing better comes (RFC 7296 2.21.1).
  const auto& notify = *received.message.find_error();
  const bool proposal =
      notify.type == NotifyType::NoProposalChosen || notify.type == NotifyType::InvalidKePayload;
  Failure failure = proposal
                        ? refused_ike_offer(engine, *sa.connection, wire::ExchangeType::IkeSaInit, notify)
                        : failed_by_notify(engine, wire::ExchangeType::IkeSaInit, notify);
  if (sa.first->soft_error) return;
  sa.timers.set(SaTimer::ErrorGrace, engine.now + kErrorGrace);
  show_failure(engine, *sa.connection, failure);
  sa.first->soft_error = std::move(failure);
}

}  // namespace hawser::ike
