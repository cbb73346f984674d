#include "sidecar/ike/children.h"

#include <algorithm>
#include <tuple>

#include "sidecar/ike/convergence.h"
#include "sidecar/ike/failure.h"

namespace hawser::ike {
namespace {

using std::chrono::seconds;

uint64_t soft_bytes(Engine& engine, uint64_t hard) {
  if (hard == UINT64_MAX) return hard;
  auto millionths = engine.jitter.between(Duration(850'000), Duration(950'000)).count();
  return hard / 1'000'000 * static_cast<uint64_t>(millionths) +
         hard % 1'000'000 * static_cast<uint64_t>(millionths) / 1'000'000;
}

void set_lifetimes(Engine& engine, const IkeSa& owner, ChildSa& child) {
  const Duration lifetime = owner.connection->config.child_lifetime;
  const bool early = owner.lineage == sa::Role::Initiator;
  child.timers.set(ChildTimer::Rekey,
                   engine.now + spread(engine, lifetime, early ? 0.85 : 0.9, early ? 0.9 : 0.95));
  child.timers.set(ChildTimer::HardLifetime, engine.now + lifetime);
}

sa::ChildSaSpec make_spec(Engine& engine, const IkeSa& owner, const ChildSa& child, NewChild& made) {
  const auto& config = owner.connection->config;
  const bool udp = owner.encapsulate;
  sa::ChildSaSpec spec;
  spec.connection = config.name;
  spec.inbound_spi = child.inbound;
  spec.outbound_spi = child.outbound;
  spec.suite = child.suite;
  const bool initiator = made.exchange_role == sa::Role::Initiator;
  auto& outbound = initiator ? made.keys.initiator_to_responder : made.keys.responder_to_initiator;
  auto& inbound = initiator ? made.keys.responder_to_initiator : made.keys.initiator_to_responder;
  spec.outbound_keys = std::move(outbound);
  spec.inbound_keys = std::move(inbound);
  spec.encapsulation = child.encapsulation;
  spec.local = {owner.local.address, udp ? owner.local.port : uint16_t{0}};
  spec.remote = {owner.remote.address, udp ? owner.remote.port : uint16_t{0}};
  // A peer that found the NAT but stayed on port 500: ESP in UDP has a port of its own (RFC 3948 2.1).
  if (udp && spec.local.port != engine.config.nat_port)
    spec.local.port = spec.remote.port = engine.config.nat_port;
  spec.local_selectors = child.local_selectors;
  spec.remote_selectors = child.remote_selectors;
  spec.hard_bytes = config.child_bytes;
  spec.soft_bytes = soft_bytes(engine, config.child_bytes);
  return spec;
}

// What speaks for sending on a pair, most important first.
auto preference(Connection& connection, const ChildSa& child) {
  const IkeSa* owner = nullptr;
  for (const auto* sa : connection.sas)
    if (sa->local_spi == child.owner) owner = sa;
  const IkeSa* best = preferred_sa(connection);
  const bool on_best = owner != nullptr && owner == best;
  return std::make_tuple(child.confirmed, on_best, !child.redundant, child.state == ChildState::Installed,
                         child.order);
}

ChildSa* best_outbound(Connection& connection) {
  ChildSa* best = nullptr;
  for (auto& child : connection.children) {
    if (child.state == ChildState::Lingering || child.state == ChildState::Deleting) continue;
    if (best == nullptr || preference(connection, child) > preference(connection, *best)) best = &child;
  }
  return best;
}

Connection* connection_of(Engine& engine, sa::Spi inbound) {
  auto it = engine.by_inbound.find(inbound);
  return it == engine.by_inbound.end() ? nullptr : it->second;
}

void heard(Engine& engine, const ChildSa& child) {
  if (IkeSa* sa = find_sa(engine, child.owner); sa != nullptr && sa->usable()) {
    sa->last_heard = engine.now;
    sa->confirmed = true;
  }
}

void on_child_rekey_due(Engine& engine, Connection& connection, ChildSa& child) {
  IkeSa* sa = find_sa(engine, child.owner);
  if (child.state != ChildState::Installed || sa == nullptr || !sa->usable()) return;
  // A peer that does not have it yet would answer CHILD_SA_NOT_FOUND, and make it afterwards.
  const TimePoint earliest =
      std::max(connection.last_rekey, child.answer_seen ? TimePoint{} : engine.now) + seconds(1);
  if (engine.now < earliest) return child.timers.set(ChildTimer::Rekey, earliest);
  connection.last_rekey = engine.now;
  queue_task(*sa, {RequestKind::RekeyChild, child.inbound, false});
}

void on_child_expired(Engine& engine, Connection& connection, ChildSa& child) {
  IkeSa* sa = find_sa(engine, child.owner);
  const sa::Spi spi = child.inbound;
  if (sa == nullptr || !sa->usable()) return remove_child(engine, connection, spi);
  queue_task(*sa, {RequestKind::DeleteChild, spi, false});
}

void on_install_failed(Engine& engine, Connection& connection, ChildSa& child, const std::string& message) {
  IkeSa* sa = find_sa(engine, child.owner);
  const sa::Spi spi = child.inbound;
  if (sa != nullptr && sa->usable()) {
    queue_task(*sa, {RequestKind::DeleteChild, spi, false});
    schedule_child_retry(engine, connection, *sa);
    child.state = ChildState::Deleting;
  }
  note_failure(
      engine, connection,
      make_failure(engine, catalog::Reason::NegotiationFailed, sa::Role::Initiator,
                   wire::ExchangeType::CreateChildSa, "the data plane refused the Child SA: " + message));
}

}  // namespace

ChildSa& install_child(Engine& engine, IkeSa& owner, NewChild made) {
  Connection& connection = *owner.connection;
  ChildSa child;
  child.inbound = made.inbound;
  child.outbound = made.outbound;
  child.owner = owner.local_spi;
  child.suite = made.suite;
  child.exchanged_group = made.exchanged_group;
  child.encapsulation = owner.encapsulate ? sa::Encapsulation::Udp : sa::Encapsulation::None;
  child.local_selectors = std::move(made.local_selectors);
  child.remote_selectors = std::move(made.remote_selectors);
  child.confirmed = child.answer_seen = made.confirmed;
  child.confirm_by_ike = made.confirm_by_ike;
  child.redundant = made.redundant;
  child.order = connection.next_order++;
  child.installed = engine.now;
  owner.agreed_suite = child.suite;
  set_lifetimes(engine, owner, child);
  sa::ChildSaSpec spec = make_spec(engine, owner, child, made);
  engine.by_inbound.emplace(child.inbound, &connection);
  connection.children.push_back(std::move(child));
  ChildSa* best = best_outbound(connection);
  spec.use_outbound = best == &connection.children.back();
  if (spec.use_outbound) {
    for (auto& other : connection.children) other.outbound_active = false;
    connection.children.back().outbound_active = true;
  }
  engine.actions.emplace_back(sa::InstallChildSa{std::move(spec)});
  return connection.children.back();
}

void linger_child(Engine& engine, Connection& connection, ChildSa& child) {
  if (child.state == ChildState::Lingering) return;
  child.state = ChildState::Lingering;
  child.owner = {};
  child.timers.clear_all();
  child.timers.set(ChildTimer::Remove, engine.now + engine.config.delete_grace);
  // Without another pair to send on, this one would go on sending to a peer that has forgotten it.
  if (best_outbound(connection) == nullptr) remove_child(engine, connection, child.inbound);
}

void remove_child(Engine& engine, Connection& connection, sa::Spi inbound) {
  auto it = std::ranges::find(connection.children, inbound, &ChildSa::inbound);
  if (it == connection.children.end()) return;
  connection.children.erase(it);
  engine.by_inbound.erase(inbound);
  engine.actions.emplace_back(sa::RemoveChildSa{connection.config.name, inbound});
}

void confirm_child(ChildSa& child) { child.confirmed = child.answer_seen = true; }

void on_child_timer(Engine& engine, Connection& connection, sa::Spi inbound, ChildTimer timer) {
  ChildSa* child = connection.find_child(inbound);
  if (child == nullptr) return;
  switch (timer) {
    case ChildTimer::Rekey:
      return on_child_rekey_due(engine, connection, *child);
    case ChildTimer::HardLifetime:
      return on_child_expired(engine, connection, *child);
    case ChildTimer::Remove:
      return remove_child(engine, connection, inbound);
    case ChildTimer::kCount:
      return;
  }
}

Connection* handle_dataplane_event(Engine& engine, const sa::DataPlaneEvent& event) {
  const sa::Spi spi = std::visit([](const auto& e) { return e.inbound_spi; }, event);
  Connection* connection = connection_of(engine, spi);
  if (connection == nullptr) return nullptr;  // it was removed meanwhile
  ChildSa& child = *connection->find_child(spi);
  if (std::holds_alternative<sa::FirstInboundPacket>(event)) {
    confirm_child(child);
    heard(engine, child);
  } else if (std::holds_alternative<sa::InboundActivity>(event)) {
    heard(engine, child);
  } else if (std::holds_alternative<sa::OutboundActivity>(event)) {
    IkeSa* sa = find_sa(engine, child.owner);
    if (sa != nullptr && sa->timers.get(SaTimer::NatKeepalive))
      sa->timers.set(SaTimer::NatKeepalive, engine.now + engine.config.nat_keepalive);
  } else if (std::holds_alternative<sa::SoftLifetimeReached>(event)) {
    on_child_rekey_due(engine, *connection, child);
  } else if (std::holds_alternative<sa::HardLifetimeReached>(event)) {
    if (child.state != ChildState::Lingering) on_child_expired(engine, *connection, child);
  } else if (const auto* failed = std::get_if<sa::InstallFailed>(&event)) {
    on_install_failed(engine, *connection, child, failed->message);
  }
  return connection;
}

bool has_live_child(const IkeSa& sa) {
  return std::ranges::any_of(sa.connection->children, [&](const auto& child) {
    return child.owner == sa.local_spi &&
           (child.state == ChildState::Installed || child.state == ChildState::Rekeyed);
  });
}

void update_outbound(Engine& engine, Connection& connection) {
  ChildSa* best = best_outbound(connection);
  if (best == nullptr || best->outbound_active) return;
  for (auto& child : connection.children) child.outbound_active = false;
  best->outbound_active = true;
  engine.actions.emplace_back(sa::ActivateOutbound{connection.config.name, best->inbound});
}

sa::TrafficSelectors offered_selectors(const PeerConfig& config) {
  sa::TrafficSelectors out{sa::TrafficSelector::of(IpPrefix::any(IpVersion::V4))};
  if (config.ipv6_selectors) out.push_back(sa::TrafficSelector::of(IpPrefix::any(IpVersion::V6)));
  return out;
}

}  // namespace hawser::ike
