#pragma once

#include "common/base/bytes.h"
#include "common/base/ip.h"

namespace hawser::esp {

// Room every reply fits into: what IPv6 allows an error to have (RFC 4443 2.4 c).
inline constexpr size_t kPacketTooBigRoom = 1280;

// Writes what tells the sender of an inner packet to send smaller ones: ICMP "fragmentation needed" (RFC
// 1191) or ICMPv6 "packet too big" (RFC 4443 3.2), from `source`, with checksums. Octets written; 0 when none
// may be sent: the packet is malformed, may be fragmented, is a later fragment, is an ICMP error itself, or
// has a source or destination that is not one host (RFC 1122 3.2.2; RFC 4443 2.4 e), or `source` has another
// version. How many a second is the caller's to limit. REQUIRES: out.size() >= kPacketTooBigRoom.
size_t make_packet_too_big(BytesView inner_packet, uint32_t mtu, const IpAddress& source,
                           MutableBytesView out);

}  // namespace hawser::esp
