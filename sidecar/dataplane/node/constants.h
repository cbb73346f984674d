#pragma once

#include <cstdint>

// What of the node's network is ours (contracts, section 6). Users see these numbers in `ip rule` and `ip
// route`.
namespace hawser::dataplane {

inline constexpr uint32_t kRoutingTable = 18519;
// Below local (0), above main (32766).
inline constexpr uint32_t kRulePreference = 18519;
// On every IKE and ESP socket: its packets never enter a tunnel, whatever the selectors.
inline constexpr uint32_t kMark = 0x20;
inline constexpr uint32_t kMarkMask = 0x20;
// The worst there is: any other route for the prefix wins while it exists.
inline constexpr uint32_t kFailClosedMetric = 4294967295;
inline constexpr uint32_t kTunnelMetric = 100;

inline constexpr uint32_t kMinMtu = 1280;  // RFC 8200 5
inline constexpr uint32_t kMaxMtu = 9000;

}  // namespace hawser::dataplane
