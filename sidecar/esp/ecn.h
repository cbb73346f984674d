#pragma once

#include <optional>

#include "common/base/bytes.h"

// Explicit congestion notification across the tunnel (RFC 6040). A traffic class is the whole octet, DSCP and
// ECN; only the two ECN bits are carried: copying the DSCP would show classes outside and reorder one SA (RFC
// 4301 4.1).
namespace hawser::esp {

// Traffic class of the outer header (normal mode, RFC 6040 4.1).
uint8_t ecn_encapsulate(uint8_t inner_traffic_class);
// The inner traffic class after decapsulation; nothing: the packet must be dropped (RFC 6040 4.2, figure 4).
std::optional<uint8_t> ecn_decapsulate(uint8_t inner_traffic_class, uint8_t outer_traffic_class);
// Does it in an inner packet, with the IPv4 checksum. False: drop. REQUIRES: InnerHeader::parse accepts the
// packet.
bool ecn_decapsulate_packet(MutableBytesView inner_packet, uint8_t outer_traffic_class);

}  // namespace hawser::esp
