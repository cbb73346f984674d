#include "sidecar/ike/exchanges/create_child_sa.h"

#include <algorithm>

#include "sidecar/ike/children.h"
#include "sidecar/ike/exchanges/child_offer.h"
#include "sidecar/ike/exchanges/rekey_ike_sa.h"
#include "sidecar/ike/failure.h"

namespace hawser::ike {
namespace {

using catalog::Reason;
using std::chrono::seconds;
using wire::NotifyType;

constexpr auto kExchange = wire::ExchangeType::CreateChildSa;
constexpr size_t kMaxChildren = 8;  // of one IKE SA: two are in use during a rekey, more is abuse

wire::NotifyPayload rekey_sa(sa::Spi inbound) {
  wire::NotifyPayload out = make_notify(NotifyType::RekeySa);
  out.protocol = wire::ProtocolId::Esp;
  out.spi.resize(4);
  store_be32(out.spi.data(), inbound.value);
  return out;
}

wire::NotifyPayload child_sa_not_found(const wire::NotifyPayload& rekey) {
  wire::NotifyPayload out = make_notify(NotifyType::ChildSaNotFound);
  out.protocol = wire::ProtocolId::Esp;
  out.spi = rekey.spi;
  return out;
}

size_t live_children(const IkeSa& sa) {
  return static_cast<size_t>(std::ranges::count_if(
      sa.connection->children, [&](const auto& child) { return child.owner == sa.local_spi; }));
}

// --- as initiator ---

ChildSa* own_child(const IkeSa& sa, sa::Spi inbound) {
  ChildSa* child = sa.connection->find_child(inbound);
  return child != nullptr && child->owner == sa.local_spi ? child : nullptr;
}

// A rekey that failed is tried again while there is time, then a new IKE SA brings a new Child SA with it.
void retry_rekey(Engine& engine, IkeSa& sa, ChildSa& child) {
  Connection& connection = *sa.connection;
  const Duration wait = back_off(engine, child.rekey_failures++);
  const Duration margin =
      std::clamp<Duration>(connection.config.child_lifetime / 50, seconds(5), seconds(30));
  const auto hard = child.timers.get(ChildTimer::HardLifetime);
  const bool no_time = hard && engine.now + wait + margin >= *hard;
  if (no_time && connection.generation == sa.generation) replace_ike_sa(engine, connection, {});
  child.timers.set(ChildTimer::Rekey, engine.now + wait);
}

void child_failed(Engine& engine, IkeSa& sa, const Request& request, Failure failure) {
  Connection& connection = *sa.connection;
  const bool rekey = request.task.kind == RequestKind::RekeyChild;
  const Reason reason = failure.reason;
  if (rekey) {
    engine.events.emplace_back(Rekeyed{connection.config.name, false, sa::Role::Initiator, false});
    ChildSa* child = own_child(sa, request.task.child);
    if (child != nullptr && child->state == ChildState::Installed) retry_rekey(engine, sa, *child);
  } else {
    schedule_child_retry(engine, connection, sa);
    // The first Child SA of a new IKE SA has no group to differ in (RFC 7296 1.2).
    if (reason == Reason::PfsMismatch && !has_tunnel(connection) && connection.generation == sa.generation)
      replace_ike_sa(engine, connection, back_off(engine, connection.child_failures));
  }
  note_failure(engine, connection, std::move(failure), engine.now - request.first_sent);
}

void try_again_soon(Engine& engine, IkeSa& sa, const Request& request) {
  const TimePoint when = engine.now + engine.jitter.between(seconds(1), seconds(4));
  Connection& connection = *sa.connection;
  if (request.task.kind == RequestKind::RekeyIke) return sa.timers.set(SaTimer::Rekey, when);
  if (request.task.kind == RequestKind::NewChild)
    return connection.timers.set(ConnectionTimer::ChildRetry, when);
  ChildSa* child = own_child(sa, request.task.child);
  if (child != nullptr && child->state == ChildState::Installed) child->timers.set(ChildTimer::Rekey, when);
}

void child_not_found(Engine& engine, IkeSa& sa, const Request& request) {
  ChildSa* child = own_child(sa, request.task.child);
  // The peer replaced or deleted it while we asked: its new one is what counts (RFC 7296 2.25.1).
  if (child == nullptr || child->state != ChildState::Installed) return;
  linger_child(engine, *sa.connection, *child);  // settle() asks for a new one
}

bool group_is_the_question(const IkeSa& sa, const sa::ChildSuite& suite) {
  return sa.agreed_suite && !sa.agreed_group && sa.agreed_suite->encryption == suite.encryption &&
         sa.agreed_suite->integrity == suite.integrity;
}

// g^ir of a PFS exchange; empty without. An error: the answer does not fit the request.
Result<SecretBytes> child_secret(const Request& request, const wire::Message& message) {
  if (!request.key_exchange) return SecretBytes();
  const auto* ke = message.find<wire::KePayload>();
  if (ke == nullptr || ke->group != request.key_exchange->group().id)
    return Error{ErrorCode::InvalidArgument, "the peer's answer lacks the key exchange of pfsGroup"};
  return request.key_exchange->shared_secret(ke->data);
}

// Which of two that replaced the same Child SA stays (RFC 7296 2.8.1); then who made the loser deletes it,
// and who made the winner deletes the old one.
void retire_after_rekey(Engine& engine, IkeSa& sa, const Request& request, const Bytes& nonce_r,
                        ChildSa& made) {
  Connection& connection = *sa.connection;
  const sa::Spi mine = made.inbound;
  if (request.collision) {
    const Bytes& lowest = std::min(request.nonce, nonce_r);
    if (lowest < request.collision->lowest_nonce) {
      made.redundant = true;
      return queue_task(sa, {RequestKind::DeleteChild, mine, false});
    }
    if (ChildSa* theirs = connection.find_child(request.collision->child)) theirs->redundant = true;
  }
  if (own_child(sa, request.task.child) != nullptr)
    queue_task(sa, {RequestKind::DeleteChild, request.task.child, false});
}

void child_agreed(Engine& engine, IkeSa& sa, const Request& request, const wire::Message& message,
                  NewChild child, const SecretBytes& secret) {
  Connection& connection = *sa.connection;
  const Bytes& nonce_r = message.find<wire::NoncePayload>()->data;
  child.inbound = request.child_spi;
  child.exchanged_group = request.key_exchange ? &request.key_exchange->group() : nullptr;
  child.keys = derive_child_keys(engine.crypto, sa.suite, sa.keys.sk_d.view(), child.suite, secret.view(),
                                 request.nonce, nonce_r);
  child.confirmed = true;
  sa.agreed_group = true;
  const bool rekey = request.task.kind == RequestKind::RekeyChild;
  if (std::ranges::find(request.deleted_early, child.outbound) != request.deleted_early.end()) return;
  ChildSa& made = install_child(engine, sa, std::move(child));
  if (rekey) retire_after_rekey(engine, sa, request, nonce_r, made);
  note_success(engine, connection, kExchange, sa::Role::Initiator, engine.now - request.first_sent);
  if (rekey) engine.events.emplace_back(Rekeyed{connection.config.name, false, sa::Role::Initiator, true});
}

// --- as responder ---

// Why a Child SA cannot be made just now; nothing when it can (RFC 7296 2.25).
std::optional<NotifyType> not_now(const IkeSa& sa) {
  const bool rekeying = sa.request && sa.request->task.kind == RequestKind::RekeyIke;
  if (rekeying || sa.has_task(RequestKind::DeleteIke)) return NotifyType::TemporaryFailure;
  if (live_children(sa) >= kMaxChildren) return NotifyType::NoAdditionalSas;
  return std::nullopt;
}

void refuse_child(Engine& engine, IkeSa& sa, const Received& received, ChildRefusal refusal, bool rekey) {
  respond(engine, sa, received, {refusal.notify});
  if (rekey)
    engine.events.emplace_back(Rekeyed{sa.connection->config.name, false, sa::Role::Responder, false});
  note_failure(engine, *sa.connection, std::move(refusal.failure));
}

// Our half of a PFS exchange.
struct OwnHalf {
  std::unique_ptr<crypto::KeyExchange> key_exchange;
  SecretBytes secret;
};
Result<OwnHalf> exchange_keys(Engine& engine, const catalog::GroupRow& group, const wire::KePayload& ke) {
  OwnHalf out;
  ASSIGN_OR_RETURN(out.key_exchange, crypto::KeyExchange::generate(engine.crypto, group));
  ASSIGN_OR_RETURN(out.secret, out.key_exchange->shared_secret(ke.data));
  return out;
}

void answer_child(Engine& engine, IkeSa& sa, const Received& received, std::optional<sa::Spi> old_inbound) {
  const auto& message = received.message;
  Connection& connection = *sa.connection;
  const auto* group = connection.config.child_suite.pfs;
  auto offered = answer_child_offer(engine, sa, message, ChildExchange::CreateChildSa);
  if (auto* refusal = std::get_if<ChildRefusal>(&offered))
    return refuse_child(engine, sa, received, std::move(*refusal), old_inbound.has_value());
  auto& answer = std::get<ChildAnswer>(offered);
  OwnHalf half;
  if (group != nullptr) {
    const auto* ke = message.find<wire::KePayload>();
    if (ke == nullptr || ke->group != group->id)
      return respond_notify(engine, sa, received, NotifyType::InvalidKePayload, group_octets(*group));
    auto made = exchange_keys(engine, *group, *ke);
    if (!made) return refuse_public_value(engine, sa, received, made.error().message);
    half = std::move(*made);
  }
  const Bytes& nonce_i = message.find<wire::NoncePayload>()->data;
  const Bytes nonce_r = new_nonce(engine);
  answer.child.exchanged_group = group;
  answer.child.keys = derive_child_keys(engine.crypto, sa.suite, sa.keys.sk_d.view(), answer.child.suite,
                                        half.secret.view(), nonce_i, nonce_r);
  answer.payloads.insert(answer.payloads.begin() + 1, wire::NoncePayload{nonce_r});
  if (half.key_exchange) answer.payloads.insert(answer.payloads.begin() + 2, ke_payload(*half.key_exchange));
  sa.agreed_group = true;
  const sa::Spi inbound = answer.child.inbound;
  if (ChildSa* old = old_inbound ? connection.find_child(*old_inbound) : nullptr) {
    old->state = ChildState::Rekeyed;
    old->successor = inbound;
    old->timers.clear(ChildTimer::Rekey);
    if (sa.request && sa.request->task == Task{RequestKind::RekeyChild, old->inbound, false})
      sa.request->collision = Request::Collision{inbound, std::min(nonce_i, nonce_r)};
  }
  // RFC 7296 2.8: ready to receive before the answer leaves; sending waits until the peer is known to be,
  // too.
  install_child(engine, sa, std::move(answer.child));
  respond(engine, sa, received, answer.payloads);
  note_success(engine, connection, kExchange, sa::Role::Responder);
  if (old_inbound)
    engine.events.emplace_back(Rekeyed{connection.config.name, false, sa::Role::Responder, true});
}

}  // namespace

Bytes group_octets(const catalog::GroupRow& group) {
  Bytes out(2);
  store_be16(out.data(), group.id);
  return out;
}

wire::KePayload ke_payload(const crypto::KeyExchange& key_exchange) {
  auto value = key_exchange.public_value();
  return {key_exchange.group().id, Bytes(value.begin(), value.end())};
}

void refuse_public_value(Engine& engine, IkeSa& sa, const Received& received, const std::string& why) {
  // RFC 6989 2.5: a peer that proved who it is and then sends this is broken; the SA ends on both sides.
  Connection& connection = *sa.connection;
  respond_notify(engine, sa, received, NotifyType::InvalidSyntax);
  close_sa(engine, sa, Children::Remove);
  note_failure(engine, connection,
               make_failure(engine, Reason::NegotiationFailed, sa::Role::Responder, kExchange, why));
}

void begin_create_child(Engine& engine, IkeSa& sa, const Task& task) {
  const auto& config = sa.connection->config;
  const bool rekey = task.kind == RequestKind::RekeyChild;
  if (rekey) {
    const ChildSa* child = own_child(sa, task.child);
    if (child == nullptr || child->state != ChildState::Installed) return;  // replaced or deleted meanwhile
    if (!child->answer_seen)
      return sa.connection->find_child(task.child)->timers.set(ChildTimer::Rekey, engine.now + seconds(1));
  }
  Request request;
  request.task = task;
  request.exchange = kExchange;
  request.child_spi = new_spi(engine);
  request.child_suite = config.child_suite;
  request.nonce = new_nonce(engine);
  request.first_sent = engine.now;
  if (config.child_suite.pfs != nullptr) {
    auto key_exchange = crypto::KeyExchange::generate(engine.crypto, *config.child_suite.pfs);
    if (!key_exchange) {
      return child_failed(engine, sa, request,
                          make_failure(engine, Reason::NegotiationFailed, sa::Role::Initiator, kExchange,
                                       key_exchange.error().message));
    }
    request.key_exchange = std::move(*key_exchange);
  }
  std::vector<wire::Payload> payloads;
  if (rekey) payloads.emplace_back(rekey_sa(task.child));
  payloads.emplace_back(child_offer(config, request.child_spi, ChildExchange::CreateChildSa));
  payloads.emplace_back(wire::NoncePayload{request.nonce});
  if (request.key_exchange) payloads.emplace_back(ke_payload(*request.key_exchange));
  append_selectors(payloads, config);
  send_request(engine, sa, std::move(request), payloads);
}

void on_new_child_request(Engine& engine, IkeSa& sa, const Received& received) {
  if (auto notify = not_now(sa)) return respond_notify(engine, sa, received, *notify);
  answer_child(engine, sa, received, std::nullopt);
}

void on_rekey_child_request(Engine& engine, IkeSa& sa, const Received& received) {
  const auto& rekey = *received.message.find_notify(NotifyType::RekeySa);
  const ChildSa* old = nullptr;
  if (rekey.spi.size() == 4)
    old = sa.connection->find_child_by_outbound(sa.local_spi, sa::Spi{load_be32(rekey.spi.data())});
  // It may be the one that our request in flight is making; the peer is told to ask again.
  if (old == nullptr && sa.request && sa.request->child_spi)
    return respond_notify(engine, sa, received, NotifyType::TemporaryFailure);
  if (old == nullptr) return respond(engine, sa, received, {child_sa_not_found(rekey)});
  if (auto notify = not_now(sa)) return respond_notify(engine, sa, received, *notify);
  // Being deleted, or replaced already (RFC 7296 2.25.1).
  if (old->state != ChildState::Installed)
    return respond_notify(engine, sa, received, NotifyType::TemporaryFailure);
  answer_child(engine, sa, received, old->inbound);
}

void on_create_child_sa_too_late(Engine& engine, IkeSa& sa, const Received& received) {
  respond_notify(engine, sa, received, NotifyType::TemporaryFailure);
}

void on_create_child_sa_response(Engine& engine, IkeSa& sa, const Received& received) {
  Request request = std::move(*sa.request);
  sa.request.reset();
  if (request.task.kind == RequestKind::RekeyIke) return on_rekey_ike_response(engine, sa, request, received);
  const auto& message = received.message;
  auto result = read_child_answer(engine, sa, message, request.child_suite, ChildExchange::CreateChildSa);
  auto secret = child_secret(request, message);
  if (std::holds_alternative<NewChild>(result) && secret)
    return child_agreed(engine, sa, request, message, std::get<NewChild>(std::move(result)), *secret);
  // The peer has installed what we do not accept.
  queue_task(sa, {RequestKind::DiscardChild, request.child_spi, false});
  if (auto* failure = std::get_if<Failure>(&result))
    return child_failed(engine, sa, request, std::move(*failure));
  child_failed(engine, sa, request,
               make_failure(engine, Reason::NegotiationFailed, sa::Role::Initiator, kExchange,
                            secret.error().message));
}

void on_create_child_sa_error(Engine& engine, IkeSa& sa, const Received& received) {
  Request request = std::move(*sa.request);
  sa.request.reset();
  Connection& connection = *sa.connection;
  const auto& notify = *received.message.find_error();
  if (notify.type == NotifyType::TemporaryFailure) return try_again_soon(engine, sa, request);
  if (request.task.kind == RequestKind::RekeyIke) return on_rekey_ike_error(engine, sa, request, notify);
  if (notify.type == NotifyType::ChildSaNotFound && request.task.kind == RequestKind::RekeyChild)
    return child_not_found(engine, sa, request);
  const bool proposal =
      notify.type == NotifyType::NoProposalChosen || notify.type == NotifyType::InvalidKePayload;
  Failure failure = proposal ? refused_child_offer(engine, connection, kExchange, notify,
                                                   group_is_the_question(sa, request.child_suite))
                             : failed_by_notify(engine, kExchange, notify);
  child_failed(engine, sa, request, std::move(failure));
  // RFC 7296 1.3: the peer has room for no other on this IKE SA.
  if (notify.type == NotifyType::NoAdditionalSas && connection.generation == sa.generation)
    replace_ike_sa(engine, connection, {});
}

}  // namespace hawser::ike
