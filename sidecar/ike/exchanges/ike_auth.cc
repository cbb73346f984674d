#include "sidecar/ike/exchanges/ike_auth.h"

#include <algorithm>

#include "sidecar/ike/auth.h"
#include "sidecar/ike/children.h"
#include "sidecar/ike/exchanges/child_offer.h"
#include "sidecar/ike/failure.h"

namespace hawser::ike {
namespace {

using catalog::Reason;
using wire::NotifyType;

constexpr auto kExchange = wire::ExchangeType::IkeAuth;

wire::IdPayload own_id(const IkeSa& sa) {
  const auto& configured = sa.connection->config.local_identity;
  Identity identity = configured ? *configured : Identity::of(sa.local.address);
  wire::IdPayload out;
  out.initiator = sa.role == sa::Role::Initiator;
  out.id_type = static_cast<uint8_t>(identity.type);
  out.data = std::move(identity.data);
  return out;
}

Identity identity_of(const wire::IdPayload& id) { return {static_cast<IdType>(id.id_type), id.data}; }

// AUTH of one side: ours when `own`, else what the peer must have sent.
SecretBytes compute_auth(Engine& engine, const IkeSa& sa, const wire::IdPayload& id, bool own) {
  const FirstExchange& first = *sa.first;
  const bool of_initiator = (sa.role == sa::Role::Initiator) == own;
  const Bytes body = wire::id_body(id);
  const SignedOctets octets{own ? first.own_init : first.peer_init,
                            of_initiator ? first.nonce_r : first.nonce_i, body,
                            (of_initiator ? sa.keys.sk_pi : sa.keys.sk_pr).view()};
  return shared_key_auth(engine.crypto, sa.suite, sa.connection->config.shared_key.view(), octets);
}

wire::AuthPayload own_auth(Engine& engine, const IkeSa& sa, const wire::IdPayload& id) {
  SecretBytes value = compute_auth(engine, sa, id, true);
  return {kAuthSharedKey, Bytes(value.view().begin(), value.view().end())};
}

// Nothing when the peer is who it must be.
std::optional<Failure> check_peer(Engine& engine, const IkeSa& sa, const wire::IdPayload& id,
                                  const wire::AuthPayload& auth) {
  const auto role = sa.role;
  // Both checks are made whatever the first says: the time tells nothing of the identity.
  SecretBytes expected = compute_auth(engine, sa, id, false);
  const bool proved = auth.method == kAuthSharedKey && equal_constant_time(expected.view(), auth.data);
  const auto& wanted = sa.connection->config.remote_identity;
  if (wanted && identity_of(id) != *wanted) {
    Failure out = make_failure(
        engine, Reason::PeerIdentityMismatch, role, kExchange,
        "the peer says it is " + identity_of(id).to_string() + ", remoteIdentity is " + wanted->to_string());
    out.attribute = "remoteIdentity";
    out.offered = wanted->to_string();
    out.peer_offered = identity_of(id).to_string();
    return out;
  }
  if (proved) return std::nullopt;
  if (auth.method != kAuthSharedKey) {
    return make_failure(
        engine, Reason::AuthenticationFailed, role, kExchange,
        "the peer authenticates by method " + std::to_string(auth.method) + ", not by a shared key");
  }
  return make_failure(engine, Reason::AuthenticationFailed, role, kExchange,
                      "the peer's authentication is not that of our shared key");
}

bool holds_another_sa(const IkeSa& sa) {
  return std::ranges::any_of(sa.connection->sas, [&](auto* other) {
    return other != &sa && (other->state == SaState::Established || other->state == SaState::Rekeyed ||
                            other->state == SaState::Deleting);
  });
}

// The peer has forgotten what stood before this exchange began. One that was negotiated at the same time has
// crossed this one and is left to the nonces.
void drop_stale_sas(Engine& engine, IkeSa& sa) {
  for (auto* other : sa.connection->sas) {
    const bool stood = other->state == SaState::Established || other->state == SaState::Rekeyed ||
                       other->state == SaState::Deleting;
    if (other != &sa && stood && other->established < sa.began) close_sa(engine, *other, Children::Remove);
  }
}

// An older SA may be dead on the other side, if the peer restarted without saying so: find out now.
void doubt_older_sas(IkeSa& sa) {
  for (auto* other : sa.connection->sas)
    if (other != &sa && other->usable() && other->established < sa.began)
      queue_task(*other, {RequestKind::Liveness, {}, false});
}

void finish(Engine& engine, IkeSa& sa) {
  const Duration elapsed = engine.now - sa.began;
  establish(engine, sa);
  if (sa.connection->attempt == sa.local_spi) sa.connection->attempt.reset();
  note_success(engine, *sa.connection, kExchange, sa.lineage, elapsed);
  engine.events.emplace_back(HandshakeCompleted{sa.connection->config.name, sa.lineage, elapsed});
}

void forget_first_exchange(IkeSa& sa) {
  sa.first.reset();
  sa.keys.sk_pi.clear();
  sa.keys.sk_pr.clear();
}

void refuse(Engine& engine, IkeSa& sa, const Received& received, Failure failure) {
  // RFC 7296 2.21.2: the same answer for every reason, and nothing else in it.
  respond_notify(engine, sa, received, NotifyType::AuthenticationFailed);
  failure.notify = wire::to_string(NotifyType::AuthenticationFailed);
  Connection& connection = *sa.connection;
  close_sa(engine, sa, Children::Remove);
  note_unproved_failure(engine, connection, std::move(failure));
}

void refuse_responder(Engine& engine, IkeSa& sa, Failure failure) {
  // RFC 7296 2.21.2: the peer believes the SA stands; tell it why it does not.
  Connection& connection = *sa.connection;
  failure.notify = wire::to_string(NotifyType::AuthenticationFailed);
  establish(engine, sa);
  connection.attempt.reset();
  queue_task(sa, {RequestKind::DeleteIke, {}, true});
  pump(engine, sa);
  end_attempt(engine, connection, std::move(failure));
}

}  // namespace

void begin_ike_auth(Engine& engine, IkeSa& sa) {
  const auto& config = sa.connection->config;
  Request request;
  request.task.kind = RequestKind::IkeAuth;
  request.exchange = kExchange;
  request.child_spi = new_spi(engine);
  request.child_suite = config.child_suite;
  const wire::IdPayload id = own_id(sa);
  std::vector<wire::Payload> payloads;
  payloads.emplace_back(id);
  if (config.remote_identity) {
    wire::IdPayload wish;
    wish.initiator = false;
    wish.id_type = static_cast<uint8_t>(config.remote_identity->type);
    wish.data = config.remote_identity->data;
    payloads.emplace_back(std::move(wish));
  }
  payloads.emplace_back(own_auth(engine, sa, id));
  if (!holds_another_sa(sa)) payloads.emplace_back(make_notify(NotifyType::InitialContact));
  payloads.emplace_back(child_offer(config, request.child_spi, ChildExchange::IkeAuth));
  append_selectors(payloads, config);
  sa.state = SaState::AuthSent;
  send_request(engine, sa, std::move(request), payloads);
}

void on_ike_auth_request(Engine& engine, IkeSa& sa, const Received& received) {
  const auto& message = received.message;
  const auto& peer_id = *message.find_id(true);
  sa.local = received.datagram.local;
  sa.remote = received.datagram.remote;
  if (auto failure = check_peer(engine, sa, peer_id, *message.find<wire::AuthPayload>()))
    return refuse(engine, sa, received, std::move(*failure));

  const wire::IdPayload id = own_id(sa);
  std::vector<wire::Payload> payloads{id, own_auth(engine, sa, id)};
  const Bytes nonce_i = sa.first->nonce_i, nonce_r = sa.first->nonce_r;
  forget_first_exchange(sa);
  finish(engine, sa);
  if (message.find_notify(NotifyType::InitialContact) != nullptr)
    drop_stale_sas(engine, sa);
  else
    doubt_older_sas(sa);

  auto answer = answer_child_offer(engine, sa, message, ChildExchange::IkeAuth);
  if (auto* refusal = std::get_if<ChildRefusal>(&answer)) {
    payloads.emplace_back(refusal->notify);
    schedule_child_retry(engine, *sa.connection, sa);
    note_failure(engine, *sa.connection, std::move(refusal->failure));
  } else {
    auto& agreed = std::get<ChildAnswer>(answer);
    agreed.child.keys = derive_child_keys(engine.crypto, sa.suite, sa.keys.sk_d.view(), agreed.child.suite,
                                          {}, nonce_i, nonce_r);
    agreed.child.confirm_by_ike = true;
    payloads.insert(payloads.end(), agreed.payloads.begin(), agreed.payloads.end());
    install_child(engine, sa, std::move(agreed.child));
  }
  respond(engine, sa, received, payloads);
}

void on_ike_auth_without_auth(Engine& engine, IkeSa& sa, const Received& received) {
  refuse(engine, sa, received,
         make_failure(engine, Reason::AuthenticationFailed, sa::Role::Responder, kExchange,
                      "the peer asks for EAP; this connection has a shared key"));
}

void on_ike_auth_response(Engine& engine, IkeSa& sa, const Received& received) {
  const auto& message = received.message;
  Request request = std::move(*sa.request);
  sa.request.reset();
  if (auto failure = check_peer(engine, sa, *message.find_id(false), *message.find<wire::AuthPayload>()))
    return refuse_responder(engine, sa, std::move(*failure));
  const Bytes nonce_i = sa.first->nonce_i, nonce_r = sa.first->nonce_r;
  forget_first_exchange(sa);
  finish(engine, sa);
  sa.confirmed = true;

  auto result = read_child_answer(engine, sa, message, request.child_suite, ChildExchange::IkeAuth);
  if (auto* failure = std::get_if<Failure>(&result)) {
    // RFC 7296 1.2: the IKE SA stands all the same.
    schedule_child_retry(engine, *sa.connection, sa);
    return note_failure(engine, *sa.connection, std::move(*failure));
  }
  auto child = std::get<NewChild>(std::move(result));
  child.inbound = request.child_spi;
  child.keys =
      derive_child_keys(engine.crypto, sa.suite, sa.keys.sk_d.view(), child.suite, {}, nonce_i, nonce_r);
  child.confirmed = true;
  install_child(engine, sa, std::move(child));
}

void on_ike_auth_error(Engine& engine, IkeSa& sa, const Received& received) {
  end_attempt(engine, *sa.connection, failed_by_notify(engine, kExchange, *received.message.find_error()));
}

}  // namespace hawser::ike
