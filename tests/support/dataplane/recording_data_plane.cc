#include "tests/support/dataplane/recording_data_plane.h"

#include <algorithm>

namespace hawser::support {
namespace {

using dataplane::DropReason;

bool contains(const std::vector<IpPrefix>& prefixes, const IpAddress& address) {
  return std::ranges::any_of(prefixes, [&](const IpPrefix& p) { return p.contains(address); });
}
bool contains(const sa::TrafficSelectors& selectors, const IpAddress& address) {
  return std::ranges::any_of(selectors, [&](const sa::TrafficSelector& s) { return s.contains(address); });
}
bool fits(const sa::ChildSuite& suite, const sa::ChildKeys& keys) {
  return keys.encryption.size() == suite.encryption->key_material_size() &&
         keys.integrity.size() == (suite.integrity != nullptr ? suite.integrity->key_size : 0);
}
Error not_found(const std::string& what) { return {ErrorCode::NotFound, what + " is not there"}; }

}  // namespace

const dataplane::TunnelSpec* RecordingDataPlane::tunnel(const sa::ConnectionName& connection) const {
  auto found = tunnels_.find(connection);
  return found == tunnels_.end() ? nullptr : &found->second.spec;
}

std::vector<sa::Spi> RecordingDataPlane::installed(const sa::ConnectionName& connection) const {
  std::vector<sa::Spi> out;
  if (auto found = tunnels_.find(connection); found != tunnels_.end())
    for (const Pair& pair : found->second.pairs) out.push_back(pair.spec.inbound_spi);
  return out;
}

const sa::ChildSaSpec* RecordingDataPlane::find(sa::Spi inbound_spi) const {
  for (const auto& [name, tunnel] : tunnels_)
    for (const Pair& pair : tunnel.pairs)
      if (pair.spec.inbound_spi == inbound_spi) return &pair.spec;
  return nullptr;
}

bool RecordingDataPlane::deliver(sa::Spi inbound_spi, const InnerPacket& packet) {
  const sa::ChildSaSpec* spec = find(inbound_spi);
  if (spec == nullptr) {
    ++unknown_spi_packets_;
    return false;
  }
  Tunnel& tunnel = tunnels_.at(spec->connection);
  Pair& pair = **find_pair(spec->connection, inbound_spi);
  auto drop = [&](DropReason reason) {
    ++tunnel.counters.dropped_inbound[static_cast<size_t>(reason)];
    return false;
  };
  if (pair.expired) return drop(DropReason::Expired);
  tunnel.counters.last_receive = clock_.wall_now();
  if (!std::exchange(pair.first_reported, true)) post(sa::FirstInboundPacket{inbound_spi});
  note_activity<sa::InboundActivity>(pair, pair.last_inbound);
  if (!contains(tunnel.spec.remote_prefixes, packet.source) ||
      !contains(tunnel.spec.local_prefixes, packet.destination) ||
      !contains(spec->remote_selectors, packet.source) ||
      !contains(spec->local_selectors, packet.destination))
    return drop(DropReason::SelectorMismatch);
  if (!spend(pair, pair.inbound_octets, packet.size)) return drop(DropReason::Expired);
  ++tunnel.counters.receive_packets;
  tunnel.counters.receive_bytes += packet.size;
  return true;
}

std::optional<RecordingDataPlane::Sent> RecordingDataPlane::send(const sa::ConnectionName& connection,
                                                                 const InnerPacket& packet) {
  Tunnel& tunnel = tunnels_.at(connection);
  auto drop = [&](DropReason reason) {
    ++tunnel.counters.dropped_outbound[static_cast<size_t>(reason)];
    return std::nullopt;
  };
  if (tunnel.pairs.empty()) return drop(DropReason::NoSa);
  // The last of those activated last.
  Pair& pair = *std::max_element(tunnel.pairs.rbegin(), tunnel.pairs.rend(),
                                 [](const Pair& a, const Pair& b) { return a.activation < b.activation; });
  if (!contains(pair.spec.local_selectors, packet.source) ||
      !contains(pair.spec.remote_selectors, packet.destination))
    return drop(DropReason::SelectorMismatch);
  if (!spend(pair, pair.outbound_octets, packet.size)) return drop(DropReason::Expired);
  ++tunnel.counters.transmit_packets;
  tunnel.counters.transmit_bytes += packet.size;
  note_activity<sa::OutboundActivity>(pair, pair.last_outbound);
  return Sent{pair.spec.outbound_spi, pair.spec.remote};
}

Result<void> RecordingDataPlane::configure(const dataplane::TunnelSpec& tunnel) {
  if (configure_error_) {
    fail_closed_.insert(tunnel.connection);  // they come first
    return *configure_error_;
  }
  record("configure", tunnel.connection);
  if (tunnel.mtu < 1280 || tunnel.mtu > 9000) return Error{ErrorCode::InvalidArgument, "MTU out of range"};
  for (const auto& [name, other] : tunnels_)
    for (const IpPrefix& prefix : tunnel.remote_prefixes)
      if (name != tunnel.connection &&
          std::ranges::any_of(other.spec.remote_prefixes,
                              [&](const auto& theirs) { return theirs.overlaps(prefix); }))
        return Error{ErrorCode::AlreadyExists, prefix.to_string() + " belongs to " + name};
  tunnels_[tunnel.connection].spec = tunnel;
  fail_closed_.insert(tunnel.connection);
  return {};
}

void RecordingDataPlane::unconfigure(const sa::ConnectionName& connection, bool keep_fail_closed) {
  record("unconfigure", connection);
  tunnels_.erase(connection);
  if (!keep_fail_closed) fail_closed_removals_ += fail_closed_.erase(connection);
}

Result<void> RecordingDataPlane::remove_leftovers() {
  calls_.emplace_back("remove_leftovers");
  std::erase_if(fail_closed_, [&](const sa::ConnectionName& name) { return !tunnels_.contains(name); });
  return {};
}

Result<void> RecordingDataPlane::install(sa::ChildSaSpec spec) {
  record("install", spec.connection, spec.inbound_spi);
  if (next_install_error_) return *std::exchange(next_install_error_, std::nullopt);
  auto tunnel = tunnels_.find(spec.connection);
  if (tunnel == tunnels_.end()) return not_found(spec.connection);
  if (find(spec.inbound_spi) != nullptr) return Error{ErrorCode::AlreadyExists, "SPI in use"};
  if (!fits(spec.suite, spec.inbound_keys) || !fits(spec.suite, spec.outbound_keys))
    return Error{ErrorCode::InvalidArgument, "a key does not fit the suite"};
  Pair pair;
  if (spec.use_outbound) pair.activation = ++activations_;
  pair.spec = std::move(spec);
  tunnel->second.pairs.push_back(std::move(pair));
  return {};
}

Result<void> RecordingDataPlane::activate_outbound(const sa::ConnectionName& connection,
                                                   sa::Spi inbound_spi) {
  record("activate_outbound", connection, inbound_spi);
  ASSIGN_OR_RETURN(Pair * pair, find_pair(connection, inbound_spi));
  pair->activation = ++activations_;
  return {};
}

void RecordingDataPlane::remove(const sa::ConnectionName& connection, sa::Spi inbound_spi) {
  record("remove", connection, inbound_spi);
  if (auto tunnel = tunnels_.find(connection); tunnel != tunnels_.end())
    std::erase_if(tunnel->second.pairs,
                  [&](const Pair& pair) { return pair.spec.inbound_spi == inbound_spi; });
}

Result<void> RecordingDataPlane::update_endpoint(const sa::ConnectionName& connection, sa::Spi inbound_spi,
                                                 const SocketAddress& local, const SocketAddress& remote) {
  record("update_endpoint", connection, inbound_spi);
  ASSIGN_OR_RETURN(Pair * pair, find_pair(connection, inbound_spi));
  pair->spec.local = local;
  pair->spec.remote = remote;
  return {};
}

std::optional<dataplane::Counters> RecordingDataPlane::counters(const sa::ConnectionName& connection) const {
  auto found = tunnels_.find(connection);
  if (found == tunnels_.end()) return std::nullopt;
  return found->second.counters;
}

std::optional<sa::DataPlaneEvent> RecordingDataPlane::poll_event() {
  if (events_.empty()) return std::nullopt;
  sa::DataPlaneEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void RecordingDataPlane::record(const char* verb, const sa::ConnectionName& connection,
                                std::optional<sa::Spi> spi) {
  calls_.push_back(std::string(verb) + " " + connection + (spi ? " " + std::to_string(spi->value) : ""));
}

Result<RecordingDataPlane::Pair*> RecordingDataPlane::find_pair(const sa::ConnectionName& connection,
                                                                sa::Spi inbound_spi) {
  if (auto tunnel = tunnels_.find(connection); tunnel != tunnels_.end())
    for (Pair& pair : tunnel->second.pairs)
      if (pair.spec.inbound_spi == inbound_spi) return &pair;
  return not_found("a Child SA of " + connection);
}

bool RecordingDataPlane::spend(Pair& pair, uint64_t& octets, size_t size) {
  if (pair.expired || size > pair.spec.hard_bytes - std::min(octets, pair.spec.hard_bytes)) {
    if (!std::exchange(pair.expired, true)) post(sa::HardLifetimeReached{pair.spec.inbound_spi});
    return false;
  }
  octets += size;
  if (octets >= pair.spec.soft_bytes && !std::exchange(pair.soft_reported, true))
    post(sa::SoftLifetimeReached{pair.spec.inbound_spi});
  return true;
}

template <typename Activity>
void RecordingDataPlane::note_activity(Pair& pair, std::optional<TimePoint>& last) {
  TimePoint now = clock_.now();
  if (last && now - *last < std::chrono::seconds(1)) return;
  last = now;
  post(Activity{pair.spec.inbound_spi});
}

}  // namespace hawser::support
