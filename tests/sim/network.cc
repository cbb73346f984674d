#include "tests/sim/network.h"

#include <algorithm>

namespace hawser::sim {

void SimNetwork::forget_nat_mappings() {
  for (auto& [inside, box] : boxes_) {
    box.ports.clear();
    box.next_port = static_cast<uint16_t>(box.next_port + 1000);
    box.forward_ports = false;
  }
}

bool SimNetwork::translate_source(Packet& packet) {
  auto found = boxes_.find(packet.from.address);
  if (found == boxes_.end()) return true;
  if (packet.from.port == 0) return false;  // a NAT cannot tell apart flows without ports
  NatBox& box = found->second;
  auto [port, is_new] = box.ports.try_emplace(packet.from, packet.from.port);
  if (is_new && !box.forward_ports) port->second = box.next_port++;
  packet.from = {box.outside, port->second};
  return true;
}

bool SimNetwork::translate_destination(Packet& packet) {
  for (const auto& [inside, box] : boxes_) {
    if (box.outside != packet.to.address) continue;
    if (packet.to.port == 0) return false;
    for (const auto& [source, port] : box.ports)
      if (port == packet.to.port) {
        packet.to = source;
        return true;
      }
    if (!box.forward_ports) return false;
    packet.to.address = inside;
    return true;
  }
  return true;
}

void SimNetwork::send(TimePoint now, Packet packet) {
  bool hooked = drop && drop(packet);
  bool lost = packet.ike() != nullptr && dice_.chance(path.loss);
  if (hooked || lost || !translate_source(packet)) {
    ++dropped_;
    return;
  }
  int copies = packet.ike() != nullptr && dice_.chance(path.duplicate) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    TimePoint arrival = now + dice_.between(path.latency_low, path.latency_high);
    under_way_.emplace(std::pair(arrival, order_++), packet);
  }
}

std::optional<TimePoint> SimNetwork::next_arrival() const {
  if (under_way_.empty()) return std::nullopt;
  return under_way_.begin()->first.first;
}

std::optional<Packet> SimNetwork::poll(TimePoint now) {
  while (!under_way_.empty() && under_way_.begin()->first.first <= now) {
    Packet packet = std::move(under_way_.begin()->second);
    under_way_.erase(under_way_.begin());
    if (translate_destination(packet)) return packet;
    ++dropped_;
  }
  return std::nullopt;
}

bool SimNetwork::ike_under_way() const {
  return std::ranges::any_of(under_way_, [](const auto& entry) { return entry.second.ike() != nullptr; });
}

}  // namespace hawser::sim
