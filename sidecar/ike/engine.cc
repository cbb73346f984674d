#include "sidecar/ike/engine.h"

#include <algorithm>

#include "sidecar/ike/children.h"
#include "sidecar/ike/convergence.h"
#include "sidecar/ike/exchanges/create_child_sa.h"
#include "sidecar/ike/exchanges/informational.h"
#include "sidecar/ike/failure.h"
#include "sidecar/ike/nat.h"

namespace hawser::ike {
namespace {

using std::chrono::seconds;

constexpr Duration kAttemptLimit = seconds(30);  // of one first exchange without an answer
constexpr Duration kDeleteLimit = seconds(10);   // our Delete without an answer
constexpr Duration kClosedLinger = seconds(30);  // the last answer is repeated so long
constexpr size_t kNonceSize = 32;                // RFC 7296 2.10: at least half the PRF's key, 16 to 256

// Nothing has been heard for dpd_timeout, although a request had its two thirds of it to be answered.
TimePoint dead_at(const IkeSa& sa, const Request& request) {
  const Duration timeout = sa.connection->config.dpd_timeout;
  return std::max(sa.last_heard + timeout, request.first_sent + timeout * 2 / 3);
}

void peer_dead(Engine& engine, IkeSa& sa) {
  Connection& connection = *sa.connection;
  auto exchange = sa.request ? sa.request->exchange : wire::ExchangeType::Informational;
  close_sa(engine, sa, Children::Remove);
  note_failure(engine, connection,
               make_failure(engine, catalog::Reason::LivenessTimeout, sa::Role::Initiator, exchange,
                            "the peer " + sa.remote.address.to_string() + " stopped answering"));
}

// Retransmissions of what is not a first exchange end here. ESP that still arrives keeps the SA, but not for
// ever.
bool given_up(const Engine& engine, const IkeSa& sa, const Request& request) {
  const Duration timeout = sa.connection->config.dpd_timeout;
  return engine.now >= dead_at(sa, request) || engine.now >= request.first_sent + 4 * timeout;
}

void give_up(Engine& engine, IkeSa& sa) {
  Connection& connection = *sa.connection;
  switch (sa.request->task.kind) {
    case RequestKind::IkeSaInit:
    case RequestKind::IkeAuth: {
      auto exchange = sa.request->exchange;
      std::string what = sa.state == SaState::AuthSent ? " does not answer IKE_AUTH (UDP 4500 blocked?)"
                                                       : " does not answer IKE_SA_INIT";
      end_attempt(engine, connection,
                  make_failure(engine, catalog::Reason::PeerUnreachable, sa::Role::Initiator, exchange,
                               "the peer " + sa.remote.address.to_string() + what));
      return;
    }
    case RequestKind::DeleteIke:
      close_sa(engine, sa, Children::Linger);
      return;
    default:
      peer_dead(engine, sa);
      return;
  }
}

void on_liveness(Engine& engine, IkeSa& sa) {
  const Duration timeout = sa.connection->config.dpd_timeout;
  const TimePoint probe_at = sa.last_heard + timeout / 3;
  if (engine.now < probe_at) return sa.timers.set(SaTimer::Liveness, probe_at);
  if (!sa.request) {
    queue_task(sa, {RequestKind::Liveness, {}, false});
    pump(engine, sa);
  }
  if (!sa.request) return;
  if (given_up(engine, sa, *sa.request) && sa.request->task.kind != RequestKind::DeleteIke)
    return peer_dead(engine, sa);
  sa.timers.set(SaTimer::Liveness,
                std::max(dead_at(sa, *sa.request), engine.now + std::chrono::milliseconds(1)));
}

void on_ike_rekey_due(Engine& engine, IkeSa& sa) {
  Connection& connection = *sa.connection;
  const TimePoint earliest = connection.last_rekey + seconds(1);
  if (engine.now < earliest) return sa.timers.set(SaTimer::Rekey, earliest);
  connection.last_rekey = engine.now;
  queue_task(sa, {RequestKind::RekeyIke, {}, false});
}

void on_expire(Engine& engine, IkeSa& sa) {
  // A replaced SA whose Delete never came: its initiator forgot it, so we end it (RFC 7296 2.8).
  if (sa.state == SaState::Rekeyed) return queue_task(sa, {RequestKind::DeleteIke, {}, false});
  sa.init_response.clear();
  sa.window = {};
  close_sa(engine, sa, Children::Remove);
}

void on_keepalive(Engine& engine, IkeSa& sa) {
  // RFC 3948 4: one octet 0xFF, which the driver sends without a marker.
  transmit(engine, sa.local, sa.remote, {0xFF});
  sa.timers.set(SaTimer::NatKeepalive, engine.now + engine.config.nat_keepalive);
}

}  // namespace

Connection* find_connection(Engine& engine, const IpAddress& local, const IpAddress& remote) {
  auto [begin, end] = engine.by_remote.equal_range(remote);
  for (auto it = begin; it != end; ++it) {
    const auto& wanted = it->second->config.local_address;
    if (!wanted || wanted->is_unspecified() || local.is_unspecified() || *wanted == local) return it->second;
  }
  return nullptr;
}

IkeSa* find_sa(Engine& engine, sa::IkeSpi local_spi) {
  auto it = engine.sas.find(local_spi);
  return it == engine.sas.end() ? nullptr : it->second.get();
}

sa::IkeSpi new_ike_spi(Engine& engine) {
  sa::IkeSpi spi;
  do {
    spi = sa::IkeSpi{engine.random.next_u64()};
  } while (!spi || engine.sas.contains(spi));
  return spi;
}

sa::Spi new_spi(Engine& engine) {
  sa::Spi spi;
  do {
    spi = sa::Spi{engine.random.next_u32()};
  } while (spi.value <= 255 || engine.by_inbound.contains(spi));
  return spi;
}

Bytes new_nonce(Engine& engine) {
  Bytes nonce(kNonceSize);
  engine.random.fill(nonce);
  return nonce;
}

IkeSa& create_sa(Engine& engine, Connection& connection, sa::Role role, sa::IkeSpi local_spi) {
  auto owned = std::make_unique<IkeSa>();
  IkeSa& sa = *owned;
  sa.connection = &connection;
  sa.generation = connection.generation;
  sa.role = sa.lineage = role;
  sa.local_spi = local_spi;
  sa.suite = connection.config.ike_suite;
  sa.began = engine.now;
  engine.sas.emplace(sa.local_spi, std::move(owned));
  connection.sas.push_back(&sa);
  return sa;
}

wire::NotifyPayload make_notify(wire::NotifyType type, Bytes data) {
  wire::NotifyPayload out;
  out.type = type;
  out.data = std::move(data);
  return out;
}

wire::Header make_header(const IkeSa& sa, wire::ExchangeType exchange, bool response, uint32_t message_id) {
  wire::Header header;
  header.initiator_spi = sa.initiator_spi();
  header.responder_spi = sa.responder_spi();
  header.exchange_type = exchange;
  header.initiator = sa.role == sa::Role::Initiator;
  header.response = response;
  header.message_id = message_id;
  return header;
}

void transmit(Engine& engine, const SocketAddress& local, const SocketAddress& remote, Bytes payload) {
  engine.transmits.push_back({local, remote, std::move(payload)});
}

void send_request(Engine& engine, IkeSa& sa, Request request, const std::vector<wire::Payload>& payloads) {
  CHECK(!sa.request && sa.protection);
  request.message_id = sa.window.take_request_id();
  request.bytes = sa.protection->seal(make_header(sa, request.exchange, false, request.message_id), payloads,
                                      engine.random);
  send_bytes(engine, sa, std::move(request));
}

void send_bytes(Engine& engine, IkeSa& sa, Request request) {
  request.first_sent = engine.now;
  request.interval = engine.config.retransmit_initial;
  sa.timers.set(SaTimer::Retransmit, engine.now + request.interval);
  transmit(engine, sa.local, sa.remote, request.bytes);
  sa.request = std::move(request);
}

void on_retransmit(Engine& engine, IkeSa& sa) {
  if (!sa.request) return;
  Request& request = *sa.request;
  const auto kind = request.task.kind;
  const bool first = kind == RequestKind::IkeSaInit || kind == RequestKind::IkeAuth;
  const Duration age = engine.now - request.first_sent;
  bool over = first ? age >= kAttemptLimit : given_up(engine, sa, request);
  if (kind == RequestKind::DeleteIke) over = age >= kDeleteLimit;
  if (over) return give_up(engine, sa);
  transmit(engine, sa.local, sa.remote, request.bytes);
  engine.events.emplace_back(Retransmitted{sa.connection->config.name});
  auto longer = Duration(static_cast<Duration::rep>(static_cast<double>(request.interval.count()) *
                                                    engine.config.retransmit_factor));
  request.interval = std::min(longer, engine.config.retransmit_cap);
  TimePoint next = engine.now + request.interval;
  if (first) next = std::min(next, request.first_sent + kAttemptLimit);
  sa.timers.set(SaTimer::Retransmit, next);
}

void respond(Engine& engine, IkeSa& sa, const Received& received,
             const std::vector<wire::Payload>& payloads) {
  CHECK(sa.protection.has_value());
  const auto& header = received.message.header;
  Bytes bytes = sa.protection->seal(make_header(sa, header.exchange_type, true, header.message_id), payloads,
                                    engine.random);
  sa.window.answered(received.datagram.payload, bytes);
  // RFC 7296 2.11: to where it came from, from where it came to.
  transmit(engine, received.datagram.local, received.datagram.remote, std::move(bytes));
}

void respond_notify(Engine& engine, IkeSa& sa, const Received& received, wire::NotifyType type, Bytes data) {
  respond(engine, sa, received, {make_notify(type, std::move(data))});
}

void queue_task(IkeSa& sa, Task task) {
  if (sa.state == SaState::Closed) return;
  if (sa.request && sa.request->task == task) return;
  if (std::ranges::find(sa.tasks, task) != sa.tasks.end()) return;
  if (task.kind == RequestKind::DeleteIke) {
    if (sa.has_task(RequestKind::DeleteIke)) return;
    sa.tasks.clear();  // everything else goes with the SA (RFC 7296 1.4.1)
  }
  sa.tasks.push_back(task);
}

void pump(Engine& engine, IkeSa& sa) {
  while (!sa.request && !sa.tasks.empty()) {
    if (sa.state != SaState::Established && sa.state != SaState::Rekeyed) return;
    if (sa.window.exhausted()) return close_sa(engine, sa, Children::Remove);
    const Task task = sa.tasks.front();
    sa.tasks.pop_front();
    switch (task.kind) {
      case RequestKind::NewChild:
      case RequestKind::RekeyChild:
        begin_create_child(engine, sa, task);
        break;
      case RequestKind::RekeyIke:
        begin_rekey_ike(engine, sa);
        break;
      default:
        begin_informational(engine, sa, task);
        break;
    }
  }
}

void establish(Engine& engine, IkeSa& sa) {
  const auto& config = sa.connection->config;
  sa.state = SaState::Established;
  sa.established = sa.last_heard = engine.now;
  sa.timers.clear(SaTimer::Expire);
  sa.timers.clear(SaTimer::ErrorGrace);
  sa.timers.set(SaTimer::Liveness, engine.now + config.dpd_timeout / 3);
  // Two of us never share a soft limit, so that their rekeys rarely collide (RFC 7296 2.8.1).
  const bool early = sa.role == sa::Role::Initiator;
  sa.timers.set(SaTimer::Rekey,
                engine.now + spread(engine, config.ike_lifetime, early ? 0.85 : 0.9, early ? 0.9 : 0.95));
  sa.timers.set(SaTimer::HardLifetime, engine.now + config.ike_lifetime);
  if (has_local(sa.nat)) sa.timers.set(SaTimer::NatKeepalive, engine.now + engine.config.nat_keepalive);
}

void close_sa(Engine& engine, IkeSa& sa, Children children) {
  Connection& connection = *sa.connection;
  sa.state = SaState::Closed;
  sa.request.reset();
  sa.tasks.clear();
  sa.keys = {};
  sa.protection.reset();
  sa.first.reset();
  sa.timers.clear_all();
  const bool answers = !sa.window.last_response().empty();
  sa.timers.set(SaTimer::Expire, answers ? engine.now + kClosedLinger : engine.now);
  if (connection.attempt == sa.local_spi) connection.attempt.reset();
  std::vector<sa::Spi> orphans;
  for (const auto& child : connection.children)
    if (child.owner == sa.local_spi && child.state != ChildState::Lingering) orphans.push_back(child.inbound);
  for (auto spi : orphans) {
    if (children == Children::Remove)
      remove_child(engine, connection, spi);
    else
      linger_child(engine, connection, *connection.find_child(spi));
  }
}

void on_sa_timer(Engine& engine, IkeSa& sa, SaTimer timer) {
  switch (timer) {
    case SaTimer::Retransmit:
      return on_retransmit(engine, sa);
    case SaTimer::Expire:
      return on_expire(engine, sa);
    case SaTimer::ErrorGrace: {
      if (!sa.first || !sa.first->soft_error) return;
      Failure failure = *sa.first->soft_error;
      return end_attempt(engine, *sa.connection, std::move(failure));
    }
    case SaTimer::Liveness:
      return on_liveness(engine, sa);
    case SaTimer::Rekey:
      return on_ike_rekey_due(engine, sa);
    case SaTimer::HardLifetime:
      return queue_task(sa, {RequestKind::DeleteIke, {}, false});
    case SaTimer::NatKeepalive:
      return on_keepalive(engine, sa);
    case SaTimer::Redundant:
      return on_redundant(engine, sa);
    case SaTimer::kCount:
      return;
  }
}

Duration spread(Engine& engine, Duration span, double low, double high) {
  auto part = [&](double f) {
    return Duration(static_cast<Duration::rep>(static_cast<double>(span.count()) * f));
  };
  return engine.jitter.between(part(low), part(high));
}

}  // namespace hawser::ike
