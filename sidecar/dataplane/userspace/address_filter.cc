#include "sidecar/dataplane/userspace/address_filter.h"

#include <algorithm>

namespace hawser::dataplane {

AddressFilter::AddressFilter(std::span<const IpPrefix> prefixes) {
  for (const IpPrefix& prefix : prefixes) ranges_.push_back(sa::TrafficSelector::of(prefix));
}

AddressFilter::AddressFilter(std::span<const sa::TrafficSelector> selectors)
    : ranges_(selectors.begin(), selectors.end()) {}

bool AddressFilter::matches(const IpAddress& address, uint16_t port, const esp::InnerHeader& packet) const {
  return std::ranges::any_of(ranges_, [&](const sa::TrafficSelector& range) {
    // IpAddress orders by version first, so that a range never holds the other version.
    if (!range.contains(address)) return false;
    if (range.protocol != 0 && range.protocol != packet.protocol) return false;
    if (range.first_port == 0 && range.last_port == 65535) return true;
    return packet.has_ports && port >= range.first_port && port <= range.last_port;
  });
}

}  // namespace hawser::dataplane
