#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/ip.h"

namespace hawser::sa {

// RFC 7296 3.13.1: one address range with ports and protocol. REQUIRES: first and last of one IP version.
struct TrafficSelector {
  uint8_t protocol = 0;  // 0: any
  uint16_t first_port = 0;
  uint16_t last_port = 65535;
  IpAddress first;
  IpAddress last;

  static TrafficSelector of(const IpPrefix& prefix);
  bool contains(const IpAddress& address) const { return address >= first && address <= last; }
  std::string to_string() const;  // "0.0.0.0-255.255.255.255"
  friend bool operator==(const TrafficSelector&, const TrafficSelector&) = default;
};

using TrafficSelectors = std::vector<TrafficSelector>;

// The part both have in common, or nothing (RFC 7296 2.9).
std::optional<TrafficSelector> intersect(const TrafficSelector& a, const TrafficSelector& b);
// Every non-empty intersection of one of `a` with one of `b`, in the order of `b`; empty: TS_UNACCEPTABLE.
TrafficSelectors narrow(const TrafficSelectors& ours, const TrafficSelectors& proposed);
// True when each of `inner` lies within one of `outer`: what an initiator asks of the reply (RFC 7296 2.9).
bool is_subset(const TrafficSelectors& inner, const TrafficSelectors& outer);
std::string to_string(const TrafficSelectors& selectors);

}  // namespace hawser::sa
