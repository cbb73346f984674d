#include "sidecar/ike/endpoint.h"

#include <algorithm>

#include "sidecar/ike/children.h"
#include "sidecar/ike/convergence.h"
#include "sidecar/ike/engine.h"
#include "sidecar/ike/exchanges/informational.h"
#include "sidecar/ike/receive.h"

namespace hawser::ike {
namespace {

template <typename T>
std::optional<T> pop(std::deque<T>& queue) {
  if (queue.empty()) return std::nullopt;
  std::optional<T> out(std::move(queue.front()));
  queue.pop_front();
  return out;
}

Error not_found(const sa::ConnectionName& name) {
  return {ErrorCode::NotFound, "connection '" + name + "' is not configured"};
}

// SAs that nothing refers to any more: closed, and their last answer no longer wanted.
void sweep(Engine& engine, Connection& connection) {
  std::erase_if(connection.sas, [&](IkeSa* sa) {
    if (sa->state != SaState::Closed) return false;
    const auto expire = sa->timers.get(SaTimer::Expire);
    if (expire && *expire > engine.now) return false;
    engine.sas.erase(sa->local_spi);
    return true;
  });
}

void earlier(std::optional<TimePoint>& first, std::optional<TimePoint> other) {
  if (other && (!first || *other < *first)) first = other;
}

void unschedule(Engine& engine, Connection& connection) {
  if (!connection.scheduled) return;
  auto [begin, end] = engine.schedule.equal_range(*connection.scheduled);
  for (auto it = begin; it != end; ++it) {
    if (it->second != &connection) continue;
    engine.schedule.erase(it);
    break;
  }
  connection.scheduled.reset();
}

void reschedule(Engine& engine, Connection& connection) {
  std::optional<TimePoint> first = connection.timers.next();
  for (const auto* sa : connection.sas) earlier(first, sa->timers.next());
  for (const auto& child : connection.children) earlier(first, child.timers.next());
  if (first == connection.scheduled) return;
  unschedule(engine, connection);
  if (first) engine.schedule.emplace(*first, &connection);
  connection.scheduled = first;
}

// Ends every call that touched a connection.
void finish(Engine& engine, Connection& connection) {
  settle(engine, connection);
  sweep(engine, connection);
  reschedule(engine, connection);
}

void run_timers(Engine& engine, Connection& connection) {
  while (auto timer = connection.timers.take_due(engine.now)) on_connection_timer(engine, connection, *timer);
  for (size_t i = 0; i < connection.sas.size(); ++i) {
    IkeSa& sa = *connection.sas[i];
    while (sa.state != SaState::Closed) {  // sweep() takes the closed ones
      auto timer = sa.timers.take_due(engine.now);
      if (!timer) break;
      on_sa_timer(engine, sa, *timer);
    }
  }
  std::vector<sa::Spi> spis;
  for (const auto& child : connection.children) spis.push_back(child.inbound);
  for (auto spi : spis) {
    for (ChildSa* child = connection.find_child(spi); child != nullptr; child = connection.find_child(spi)) {
      auto timer = child->timers.take_due(engine.now);
      if (!timer) break;
      on_child_timer(engine, connection, spi, *timer);
    }
  }
}

IkeSaView view_of(const IkeSa& sa) {
  return {sa.initiator_spi(), sa.responder_spi(), sa.role,   sa.suite,
          sa.established,     sa.local,           sa.remote, sa.nat};
}

ChildSaView view_of(const ChildSa& child) {
  return {child.inbound,       child.outbound,  child.suite,          child.exchanged_group,
          child.encapsulation, child.installed, child.outbound_active};
}

ConnectionView view_of(const Connection& connection) {
  ConnectionView out;
  out.name = connection.config.name;
  out.reason = connection.reason;
  out.message = connection.message;
  out.last_failure = connection.last_failure;
  for (const auto* sa : connection.sas)
    if (sa->usable()) out.ike_sas.push_back(view_of(*sa));
  for (const auto& child : connection.children)
    if (child.state != ChildState::Lingering) out.child_sas.push_back(view_of(child));
  return out;
}

void forget(Engine& engine, Connection& connection) {
  std::erase_if(engine.by_remote, [&](const auto& entry) { return entry.second == &connection; });
}

void drop_everything(Engine& engine, Connection& connection) {
  for (auto* sa : connection.sas) send_last_delete(engine, *sa);
  while (!connection.children.empty()) remove_child(engine, connection, connection.children.front().inbound);
  for (auto* sa : connection.sas) engine.sas.erase(sa->local_spi);
  connection.sas.clear();
  connection.attempt.reset();
  connection.timers.clear_all();
}

void start_over(Engine& engine, Connection& connection) {
  const bool waits = connection.config.mode == Mode::ResponderOnly;
  set_reason(engine, connection, waits ? catalog::Reason::WaitingForPeer : catalog::Reason::Connecting, "");
}

// The suites, the key or the identities changed: what was negotiated under the old ones is replaced, and goes
// only when the new one stands.
void renegotiate(Engine& engine, Connection& connection) {
  for (auto* sa : connection.sas)
    if (sa->state == SaState::SaInitSent || sa->state == SaState::SaInitReplied ||
        sa->state == SaState::AuthSent)
      close_sa(engine, *sa, Children::Remove);
  connection.failures = connection.child_failures = 0;
  ++connection.generation;
  connection.timers.clear(ConnectionTimer::Retry);
  connection.timers.clear(ConnectionTimer::ChildRetry);
  // The next failure is about the new configuration.
  connection.timers.clear(ConnectionTimer::Unproved);
  connection.unshown.reset();
  if (connection.config.mode == Mode::ResponderOnly)
    for (auto* sa : connection.sas) queue_task(*sa, {RequestKind::DeleteIke, {}, false});
  if (!has_tunnel(connection)) start_over(engine, connection);
}

void rekey_children(Connection& connection) {
  connection.child_failures = 0;
  connection.timers.clear(ConnectionTimer::ChildRetry);
  for (auto& child : connection.children) {
    if (child.state != ChildState::Installed) continue;
    for (auto* sa : connection.sas)
      if (sa->local_spi == child.owner) queue_task(*sa, {RequestKind::RekeyChild, child.inbound, false});
  }
}

}  // namespace

struct Endpoint::Impl : Engine {
  using Engine::Engine;
  Connection* find(const sa::ConnectionName& name) {
    auto it = connections.find(name);
    return it == connections.end() ? nullptr : it->second.get();
  }
};

Endpoint::Endpoint(EndpointConfig config, const crypto::Context& context, Random& random, Jitter& jitter)
    : impl_(std::make_unique<Impl>(config, context, random, jitter)) {}
Endpoint::~Endpoint() = default;

void Endpoint::handle_datagram(TimePoint now, const Datagram& datagram) {
  impl_->now = now;
  if (Connection* connection = receive(*impl_, datagram)) finish(*impl_, *connection);
}

void Endpoint::handle_timeout(TimePoint now) {
  impl_->now = now;
  std::vector<Connection*> due;
  for (const auto& [when, connection] : impl_->schedule) {
    if (when > now) break;
    due.push_back(connection);
  }
  for (auto* connection : due) {
    run_timers(*impl_, *connection);
    finish(*impl_, *connection);
  }
}

void Endpoint::handle_dataplane(TimePoint now, const sa::DataPlaneEvent& event) {
  impl_->now = now;
  if (Connection* connection = handle_dataplane_event(*impl_, event)) finish(*impl_, *connection);
}

Result<void> Endpoint::apply(TimePoint now, PeerConfig config, Impact impact) {
  impl_->now = now;
  Engine& engine = *impl_;
  auto [begin, end] = engine.by_remote.equal_range(config.remote_address);
  for (auto it = begin; it != end; ++it) {
    const auto& other = it->second->config;
    const auto &a = other.local_address, &b = config.local_address;
    if (other.name == config.name) continue;
    if (!a || !b || *a == *b)
      return Error{ErrorCode::AlreadyExists, "connection '" + other.name + "' has the same peer " +
                                                 config.remote_address.to_string() +
                                                 "; one connection a peer"};
  }
  Connection* connection = impl_->find(config.name);
  const bool is_new = connection == nullptr;
  if (is_new) {
    connection = engine.connections.emplace(config.name, std::make_unique<Connection>()).first->second.get();
    // Never equal to a reason that is told, so that the first one is an event.
    connection->reason = catalog::Reason::Pending;
  } else {
    if (impact == Impact::Recreate) drop_everything(engine, *connection);
    forget(engine, *connection);
  }
  connection->config = std::move(config);
  engine.by_remote.emplace(connection->config.remote_address, connection);
  if (is_new || impact == Impact::Recreate) start_over(engine, *connection);
  if (!is_new && (impact == Impact::ReplaceIkeSa || impact == Impact::Recreate))
    renegotiate(engine, *connection);
  if (!is_new && impact == Impact::RekeyChild) rekey_children(*connection);
  finish(engine, *connection);
  return {};
}

void Endpoint::remove(TimePoint now, const sa::ConnectionName& name) {
  impl_->now = now;
  Connection* connection = impl_->find(name);
  if (connection == nullptr) return;
  drop_everything(*impl_, *connection);
  forget(*impl_, *connection);
  unschedule(*impl_, *connection);
  impl_->connections.erase(name);
}

Result<void> Endpoint::rekey_child(TimePoint now, const sa::ConnectionName& name) {
  impl_->now = now;
  Connection* connection = impl_->find(name);
  if (connection == nullptr) return not_found(name);
  IkeSa* sa = preferred_sa(*connection);
  if (sa == nullptr || sa->request || !has_live_child(*sa))
    return Error{ErrorCode::Unavailable, "connection '" + name + "' has no idle Child SA to rekey"};
  connection->last_rekey = now;
  rekey_children(*connection);
  finish(*impl_, *connection);
  return {};
}

Result<void> Endpoint::rekey_ike(TimePoint now, const sa::ConnectionName& name) {
  impl_->now = now;
  Connection* connection = impl_->find(name);
  if (connection == nullptr) return not_found(name);
  IkeSa* sa = preferred_sa(*connection);
  if (sa == nullptr || sa->request)
    return Error{ErrorCode::Unavailable, "connection '" + name + "' has no idle IKE SA to rekey"};
  connection->last_rekey = now;
  queue_task(*sa, {RequestKind::RekeyIke, {}, false});
  finish(*impl_, *connection);
  return {};
}

Result<void> Endpoint::restart(TimePoint now, const sa::ConnectionName& name) {
  impl_->now = now;
  Connection* connection = impl_->find(name);
  if (connection == nullptr) return not_found(name);
  renegotiate(*impl_, *connection);
  finish(*impl_, *connection);
  return {};
}

void Endpoint::shutdown(TimePoint now) {
  impl_->now = now;
  impl_->shutting_down = true;
  for (auto& [name, connection] : impl_->connections) {
    connection->timers.clear_all();
    for (auto* sa : connection->sas) {
      if (sa->state == SaState::Established || sa->state == SaState::Rekeyed)
        queue_task(*sa, {RequestKind::DeleteIke, {}, false});
      else if (sa->state != SaState::Deleting && sa->state != SaState::Closed)
        close_sa(*impl_, *sa, Children::Remove);
    }
    finish(*impl_, *connection);
  }
}

bool Endpoint::idle() const {
  return std::ranges::all_of(impl_->sas, [](const auto& sa) { return sa.second->state == SaState::Closed; });
}

std::optional<Datagram> Endpoint::poll_transmit() { return pop(impl_->transmits); }
std::optional<sa::DataPlaneAction> Endpoint::poll_action() { return pop(impl_->actions); }
std::optional<Event> Endpoint::poll_event() { return pop(impl_->events); }

std::optional<TimePoint> Endpoint::next_timeout() const {
  if (impl_->schedule.empty()) return std::nullopt;
  return impl_->schedule.begin()->first;
}

std::vector<ConnectionView> Endpoint::snapshot() const {
  std::vector<ConnectionView> out;
  for (const auto& [name, connection] : impl_->connections) out.push_back(view_of(*connection));
  return out;
}

uint64_t Endpoint::dropped_datagrams() const { return impl_->dropped; }

}  // namespace hawser::ike
