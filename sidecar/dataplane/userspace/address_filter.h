#pragma once

#include <span>
#include <vector>

#include "sidecar/esp/inner_header.h"
#include "sidecar/sa/child_sa_spec.h"

namespace hawser::dataplane {

// Which addresses belong to a list of prefixes or traffic selectors; checked on every packet.
class AddressFilter {
 public:
  AddressFilter() = default;
  explicit AddressFilter(std::span<const IpPrefix> prefixes);
  explicit AddressFilter(std::span<const sa::TrafficSelector> selectors);

  // `port` of the same end as `address`; where a selector names ports, a packet without any does not match
  // (RFC 4301 7).
  bool matches(const IpAddress& address, uint16_t port, const esp::InnerHeader& packet) const;

 private:
  std::vector<sa::TrafficSelector> ranges_;
};

// RFC 4301 5.2: what the tunnel may deliver (the connection's prefixes) or the Child SA may carry (its
// selectors).
struct PacketFilter {
  AddressFilter local;
  AddressFilter remote;

  bool allows_inbound(const esp::InnerHeader& packet) const {
    return remote.matches(packet.source, packet.source_port, packet) &&
           local.matches(packet.destination, packet.destination_port, packet);
  }
  bool allows_outbound(const esp::InnerHeader& packet) const {
    return local.matches(packet.source, packet.source_port, packet) &&
           remote.matches(packet.destination, packet.destination_port, packet);
  }
};

}  // namespace hawser::dataplane
