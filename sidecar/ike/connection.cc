#include "sidecar/ike/connection.h"

#include <algorithm>
#include <utility>

#include "sidecar/ike/children.h"
#include "sidecar/ike/convergence.h"
#include "sidecar/ike/engine.h"
#include "sidecar/ike/exchanges/ike_sa_init.h"
#include "sidecar/ike/failure.h"

namespace hawser::ike {
namespace {

using catalog::Reason;
using std::chrono::seconds;

// How often a failure is shown that anyone could have sent. While there is no tunnel a person may be
// correcting the peer, and waits for the next one.
constexpr Duration kUnprovedGapUp = seconds(60), kUnprovedGapDown = seconds(10);
// How long one wording of a fault is kept. Where both ends initiate, two would take turns for ever.
constexpr Duration kWordingAge = std::chrono::minutes(10);

// PfsMismatch is a reason of another condition; under Established it is a Child SA that cannot be agreed on.
Reason established_reason(Reason reason) {
  return reason == Reason::PfsMismatch ? Reason::ChildProposalMismatch : reason;
}

bool has_current_sa(const Connection& connection) {
  return std::ranges::any_of(
      connection.sas, [&](auto* sa) { return sa->usable() && sa->generation == connection.generation; });
}

void ensure_child(Engine& engine, Connection& connection) {
  IkeSa* sa = preferred_sa(connection);
  if (sa == nullptr || sa->generation != connection.generation || has_live_child(*sa)) return;
  if (connection.timers.get(ConnectionTimer::ChildRetry)) return;
  if (sa->has_task(RequestKind::NewChild) || sa->has_task(RequestKind::RekeyIke)) return;
  if (sa->has_task(RequestKind::DeleteIke)) return;
  queue_task(*sa, {RequestKind::NewChild, {}, false});
}

void ensure_sa(Engine& engine, Connection& connection) {
  if (has_current_sa(connection)) {
    connection.timers.clear(ConnectionTimer::Retry);
    connection.timers.clear(ConnectionTimer::Unreachable);
    // The peer was faster, and ours is not yet known to it as more than half-open.
    IkeSa* own = connection.attempt ? find_sa(engine, *connection.attempt) : nullptr;
    if (own != nullptr && own->state == SaState::SaInitSent) close_sa(engine, *own, Children::Remove);
    return;
  }
  if (connection.config.mode == Mode::ResponderOnly || connection.attempt) return;
  if (connection.timers.get(ConnectionTimer::Retry)) return;
  start_attempt(engine, connection);
}

void update_reason(Engine& engine, Connection& connection) {
  if (!has_tunnel(connection)) {
    // It ended by plan (hard lifetime, a change of configuration): no fault, but no tunnel either.
    const bool waits = connection.config.mode == Mode::ResponderOnly;
    if (connection.reason == Reason::Established)
      set_reason(engine, connection, waits ? Reason::WaitingForPeer : Reason::Connecting, "");
    return;
  }
  const IkeSa* best = preferred_sa(connection);
  std::string message;
  if (best->generation == connection.generation && has_live_child(*best)) {
    connection.failures = connection.child_failures = 0;
    connection.timers.clear(ConnectionTimer::ChildRetry);
  } else if (connection.failures > 0 && connection.last_failure) {
    message = "still up with what was negotiated before the last change; since then: " +
              connection.last_failure->message;
  }
  set_reason(engine, connection, Reason::Established, std::move(message));
}

// The same fault reads differently to an initiator and to a responder.
bool says_the_same(const Failure& a, const Failure& b) {
  if (a.reason != b.reason) return false;
  if (a.reason == Reason::AuthenticationFailed) return true;
  return !a.attribute.empty() && a.attribute == b.attribute && a.offered == b.offered &&
         a.peer_offered == b.peer_offered;
}

void show_unproved(Engine& engine, Connection& connection) {
  if (!connection.unshown) return;
  show_failure(engine, connection, *std::exchange(connection.unshown, std::nullopt));
  const Duration gap = has_tunnel(connection) ? kUnprovedGapUp : kUnprovedGapDown;
  connection.timers.set(ConnectionTimer::Unproved, engine.now + gap);
}

}  // namespace

ChildSa* Connection::find_child(sa::Spi inbound) {
  auto it = std::ranges::find(children, inbound, &ChildSa::inbound);
  return it == children.end() ? nullptr : &*it;
}

ChildSa* Connection::find_child_by_outbound(sa::IkeSpi owner, sa::Spi outbound) {
  auto it = std::ranges::find_if(children, [&](const auto& child) {
    return child.owner == owner && child.outbound == outbound && child.state != ChildState::Lingering;
  });
  return it == children.end() ? nullptr : &*it;
}

bool has_tunnel(const Connection& connection) {
  return std::ranges::any_of(connection.sas, [](auto* sa) { return sa->usable() && has_live_child(*sa); });
}

void set_reason(Engine& engine, Connection& connection, Reason reason, std::string message) {
  if (connection.reason == reason && connection.message == message) return;
  connection.reason = reason;
  connection.message = std::move(message);
  engine.events.emplace_back(StateChanged{connection.config.name, reason, connection.message});
}

void show_failure(Engine& engine, Connection& connection, Failure failure) {
  auto& shown = connection.last_failure;
  if (shown && says_the_same(*shown, failure) && engine.now - connection.worded < kWordingAge) {
    shown->time = failure.time;
  } else {
    shown = std::move(failure);
    connection.worded = engine.now;
  }
  if (!has_tunnel(connection))
    set_reason(engine, connection, established_reason(shown->reason), shown->message);
}

void note_failure(Engine& engine, Connection& connection, Failure failure, Duration elapsed) {
  engine.events.emplace_back(
      NegotiationFinished{connection.config.name, failure.exchange, failure.role, failure, elapsed});
  connection.unshown.reset();
  show_failure(engine, connection, std::move(failure));
}

void note_unproved_failure(Engine& engine, Connection& connection, Failure failure) {
  const bool waits = connection.timers.get(ConnectionTimer::Unproved).has_value();
  engine.events.emplace_back(
      NegotiationFinished{connection.config.name, failure.exchange, failure.role, failure, {}, waits});
  connection.unshown = std::move(failure);
  if (!waits) show_unproved(engine, connection);
}

void note_success(Engine& engine, Connection& connection, wire::ExchangeType exchange, sa::Role role,
                  Duration elapsed) {
  engine.events.emplace_back(
      NegotiationFinished{connection.config.name, exchange, role, std::nullopt, elapsed});
}

void start_attempt(Engine& engine, Connection& connection) {
  IkeSa& sa = create_sa(engine, connection, sa::Role::Initiator, new_ike_spi(engine));
  connection.attempt = sa.local_spi;
  const auto& local = connection.config.local_address;
  sa.local = {local ? *local : IpAddress(), engine.config.ike_port};
  sa.remote = {connection.config.remote_address, engine.config.ike_port};
  connection.timers.set(ConnectionTimer::Unreachable, engine.now + engine.config.unreachable_after);
  begin_ike_sa_init(engine, sa);
}

void end_attempt(Engine& engine, Connection& connection, Failure failure) {
  IkeSa* sa = connection.attempt ? find_sa(engine, *connection.attempt) : nullptr;
  Duration elapsed{};
  if (sa != nullptr) {
    elapsed = engine.now - sa->began;
    close_sa(engine, *sa, Children::Remove);
  }
  connection.attempt.reset();
  connection.timers.clear(ConnectionTimer::Unreachable);
  // Silence is no answer that could be annoying: soon again, so that a late peer is found at once.
  if (failure.reason == Reason::PeerUnreachable) {
    schedule_retry(engine, connection, seconds(1), seconds(3));
  } else {
    const Duration wait = back_off(engine, connection.failures++);
    schedule_retry(engine, connection, wait, wait);
  }
  note_failure(engine, connection, std::move(failure), elapsed);
}

Duration back_off(Engine& engine, int failures) {
  Duration high = engine.config.retry_cap;
  if (failures < 5) high = std::min<Duration>(high, seconds(2) * (1 << std::max(failures, 0)));
  return engine.jitter.between(high / 2, high);
}

void replace_ike_sa(Engine& engine, Connection& connection, Duration wait) {
  if (connection.config.mode == Mode::ResponderOnly) return;
  ++connection.generation;
  connection.timers.clear(ConnectionTimer::Retry);
  if (wait > Duration{}) schedule_retry(engine, connection, wait, wait);
}

void schedule_retry(Engine& engine, Connection& connection, Duration low, Duration high) {
  connection.timers.set(ConnectionTimer::Retry, engine.now + engine.jitter.between(low, high));
}

void schedule_child_retry(Engine& engine, Connection& connection, const IkeSa& sa) {
  Duration wait = back_off(engine, connection.child_failures++);
  // Both ends miss the same Child SA; who began the IKE SA goes first.
  if (sa.lineage == sa::Role::Responder) wait += seconds(4);
  connection.timers.set(ConnectionTimer::ChildRetry, engine.now + wait);
}

void on_connection_timer(Engine& engine, Connection& connection, ConnectionTimer timer) {
  if (timer == ConnectionTimer::Unproved) return show_unproved(engine, connection);
  if (timer != ConnectionTimer::Unreachable) return;  // the others only make room for settle()
  IkeSa* sa = connection.attempt ? find_sa(engine, *connection.attempt) : nullptr;
  if (sa == nullptr || sa->state != SaState::SaInitSent || (sa->first && sa->first->soft_error)) return;
  if (has_tunnel(connection) || connection.reason == Reason::PeerUnreachable) return;
  // Told at once; the attempt goes on, and counts when it ends.
  connection.last_failure =
      make_failure(engine, Reason::PeerUnreachable, sa::Role::Initiator, wire::ExchangeType::IkeSaInit,
                   "the peer " + sa->remote.address.to_string() + " does not answer IKE_SA_INIT");
  set_reason(engine, connection, Reason::PeerUnreachable, connection.last_failure->message);
}

void settle(Engine& engine, Connection& connection) {
  if (!engine.shutting_down) {
    converge(engine, connection);
    ensure_sa(engine, connection);
    ensure_child(engine, connection);
  }
  update_outbound(engine, connection);
  for (size_t i = 0; i < connection.sas.size(); ++i) pump(engine, *connection.sas[i]);
  update_reason(engine, connection);
}

}  // namespace hawser::ike
