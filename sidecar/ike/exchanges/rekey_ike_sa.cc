#include "sidecar/ike/exchanges/rekey_ike_sa.h"

#include "sidecar/ike/exchanges/create_child_sa.h"
#include "sidecar/ike/failure.h"
#include "sidecar/ike/nat.h"

namespace hawser::ike {
namespace {

using catalog::Reason;
using std::chrono::seconds;
using wire::NotifyType;

constexpr auto kExchange = wire::ExchangeType::CreateChildSa;
constexpr Duration kInitiatorDeletes = seconds(30);  // the replaced SA

Bytes spi_octets(sa::IkeSpi spi) {
  Bytes out(8);
  store_be64(out.data(), spi.value);
  return out;
}

struct Agreed {
  sa::Role role{};  // in this exchange: the new SA's original initiator is who rekeys (RFC 7296 1.3.2)
  sa::IkeSpi local_spi, peer_spi;
  sa::IkeSuite suite;
  BytesView nonce_i, nonce_r;
};

// The SA that takes the old one's place, with its Child SAs and what was still to be done for them.
IkeSa* make_successor(Engine& engine, IkeSa& old, const Agreed& agreed, const SecretBytes& secret) {
  IkeSa& sa = create_sa(engine, *old.connection, agreed.role, agreed.local_spi);
  sa.generation = old.generation;
  sa.lineage = old.lineage;
  sa.peer_spi = agreed.peer_spi;
  sa.suite = agreed.suite;
  sa.local = old.local;
  sa.remote = old.remote;
  sa.nat_supported = old.nat_supported;
  sa.nat = old.nat;
  sa.encapsulate = old.encapsulate;
  sa.lowest_nonce = old.lowest_nonce;
  sa.agreed_suite = old.agreed_suite;
  sa.agreed_group = old.agreed_group;
  const KeyInputs inputs{agreed.nonce_i, agreed.nonce_r, sa.initiator_spi(), sa.responder_spi()};
  SecretBytes seed = rekey_skeyseed(engine.crypto, old.suite, old.keys.sk_d.view(), inputs, secret.view());
  sa.keys = derive_ike_keys(engine.crypto, sa.suite, seed.view(), inputs);
  sa.keys.sk_pi.clear();
  sa.keys.sk_pr.clear();
  auto protection = Protection::create(engine.crypto, sa.suite, sa.keys, sa.role == sa::Role::Initiator);
  if (!protection) {
    close_sa(engine, sa, Children::Remove);
    return nullptr;
  }
  sa.protection = std::move(*protection);
  establish(engine, sa);
  if (engine.config.export_keys) {
    engine.events.emplace_back(IkeKeysDerived{sa.initiator_spi(), sa.responder_spi(), sa.suite,
                                              sa.keys.sk_ei.clone(), sa.keys.sk_er.clone(),
                                              sa.keys.sk_ai.clone(), sa.keys.sk_ar.clone()});
  }
  return &sa;
}

void hand_over(Engine& engine, IkeSa& old, IkeSa& successor) {
  for (auto& child : old.connection->children)
    if (child.owner == old.local_spi) child.owner = successor.local_spi;
  for (const auto& task : old.tasks)
    if (task.kind != RequestKind::RekeyIke && task.kind != RequestKind::Liveness) queue_task(successor, task);
  old.tasks.clear();
  old.state = SaState::Rekeyed;
  for (auto timer :
       {SaTimer::Rekey, SaTimer::HardLifetime, SaTimer::Liveness, SaTimer::NatKeepalive, SaTimer::Redundant})
    old.timers.clear(timer);
}

void rekey_failed(Engine& engine, IkeSa& old, Failure failure) {
  Connection& connection = *old.connection;
  engine.events.emplace_back(Rekeyed{connection.config.name, true, sa::Role::Initiator, false});
  old.timers.set(SaTimer::Rekey, engine.now + engine.config.retry_cap);
  // Whatever the peer dislikes in a rekey, it may accept in a new IKE SA.
  if (connection.generation == old.generation) replace_ike_sa(engine, connection, {});
  note_failure(engine, connection, std::move(failure));
}

// RFC 7296 2.25.2: what we are doing ourselves on this SA comes first.
bool busy(const IkeSa& sa) {
  if (sa.has_task(RequestKind::DeleteIke)) return true;
  return sa.request && sa.request->task.kind != RequestKind::Liveness;
}

}  // namespace

void begin_rekey_ike(Engine& engine, IkeSa& sa) {
  const auto& suite = sa.connection->config.ike_suite;
  if (!sa.usable()) return;
  auto key_exchange = crypto::KeyExchange::generate(engine.crypto, *suite.group);
  if (!key_exchange) {
    return rekey_failed(engine, sa,
                        make_failure(engine, Reason::NegotiationFailed, sa::Role::Initiator, kExchange,
                                     key_exchange.error().message));
  }
  Request request;
  request.task.kind = RequestKind::RekeyIke;
  request.exchange = kExchange;
  request.ike_spi = new_ike_spi(engine);
  request.nonce = new_nonce(engine);
  request.ike_suite = suite;
  request.key_exchange = std::move(*key_exchange);
  std::vector<wire::Payload> payloads;
  payloads.emplace_back(wire::SaPayload{{make_ike_proposal(suite, spi_octets(request.ike_spi))}});
  payloads.emplace_back(wire::NoncePayload{request.nonce});
  payloads.emplace_back(ke_payload(*request.key_exchange));
  send_request(engine, sa, std::move(request), payloads);
}

void on_rekey_ike_request(Engine& engine, IkeSa& sa, const Received& received) {
  if (busy(sa)) return respond_notify(engine, sa, received, NotifyType::TemporaryFailure);
  const auto& message = received.message;
  Connection& connection = *sa.connection;
  const auto& suite = connection.config.ike_suite;
  auto choice = choose_ike(*message.find<wire::SaPayload>(), suite, 8);
  if (auto* mismatch = std::get_if<Mismatch>(&choice)) {
    respond_notify(engine, sa, received, NotifyType::NoProposalChosen);
    engine.events.emplace_back(Rekeyed{connection.config.name, true, sa::Role::Responder, false});
    Failure failure = refused_offer(engine, kExchange, *mismatch);
    failure.reason = Reason::IkeProposalMismatch;
    return note_failure(engine, connection, std::move(failure));
  }
  const auto& ke = *message.find<wire::KePayload>();
  if (ke.group != suite.group->id)
    return respond_notify(engine, sa, received, NotifyType::InvalidKePayload, group_octets(*suite.group));
  auto own = crypto::KeyExchange::generate(engine.crypto, *suite.group);
  if (!own) return respond_notify(engine, sa, received, NotifyType::TemporaryFailure);
  auto secret = (*own)->shared_secret(ke.data);
  if (!secret) return refuse_public_value(engine, sa, received, secret.error().message);

  auto& answer = std::get<Chosen>(choice).answer;
  const Bytes& nonce_i = message.find<wire::NoncePayload>()->data;
  const Bytes nonce_r = new_nonce(engine);
  const Agreed agreed{sa::Role::Responder,
                      new_ike_spi(engine),
                      sa::IkeSpi{load_be64(answer.spi.data())},
                      suite,
                      nonce_i,
                      nonce_r};
  IkeSa* successor = make_successor(engine, sa, agreed, *secret);
  if (successor == nullptr) return respond_notify(engine, sa, received, NotifyType::TemporaryFailure);
  answer.spi = spi_octets(agreed.local_spi);
  respond(engine, sa, received,
          {wire::SaPayload{{std::move(answer)}}, wire::NoncePayload{nonce_r}, ke_payload(**own)});
  hand_over(engine, sa, *successor);
  sa.timers.set(SaTimer::Expire, engine.now + kInitiatorDeletes);
  note_success(engine, connection, kExchange, sa::Role::Responder);
  engine.events.emplace_back(Rekeyed{connection.config.name, true, sa::Role::Responder, true});
}

void on_rekey_ike_response(Engine& engine, IkeSa& old, Request& request, const Received& received) {
  const auto& message = received.message;
  Connection& connection = *old.connection;
  auto fail = [&](std::string why) {
    rekey_failed(
        engine, old,
        make_failure(engine, Reason::NegotiationFailed, sa::Role::Initiator, kExchange, std::move(why)));
  };
  const auto* ke = message.find<wire::KePayload>();
  auto spi = verify_ike_reply(*message.find<wire::SaPayload>(), request.ike_suite, 8);
  if (!spi) return fail(spi.error().message);
  if (ke == nullptr || ke->group != request.ike_suite.group->id)
    return fail("the peer's answer lacks its key exchange");
  auto secret = request.key_exchange->shared_secret(ke->data);
  if (!secret) return fail(secret.error().message);
  const Agreed agreed{sa::Role::Initiator, request.ike_spi, sa::IkeSpi{load_be64(spi->data())},
                      request.ike_suite,   request.nonce,   message.find<wire::NoncePayload>()->data};
  IkeSa* successor = make_successor(engine, old, agreed, *secret);
  if (successor == nullptr) return fail("the keys do not fit the suite");
  successor->confirmed = true;
  hand_over(engine, old, *successor);
  // RFC 7296 2.8: who rekeyed deletes the old one; its Child SAs live on with the new.
  queue_task(old, {RequestKind::DeleteIke, {}, false});
  note_success(engine, connection, kExchange, sa::Role::Initiator, engine.now - request.first_sent);
  engine.events.emplace_back(Rekeyed{connection.config.name, true, sa::Role::Initiator, true});
}

void on_rekey_ike_error(Engine& engine, IkeSa& old, const Request& request,
                        const wire::NotifyPayload& notify) {
  const bool proposal =
      notify.type == NotifyType::NoProposalChosen || notify.type == NotifyType::InvalidKePayload;
  rekey_failed(engine, old,
               proposal ? refused_ike_offer(engine, *old.connection, kExchange, notify)
                        : failed_by_notify(engine, kExchange, notify));
}

}  // namespace hawser::ike
