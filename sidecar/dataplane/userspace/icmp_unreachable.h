#pragma once

#include "sidecar/esp/inner_header.h"

namespace hawser::dataplane {

// What RFC 1812 4.3.2.3 asks for; far below what IPv6 allows.
inline constexpr size_t kMaxIcmpUnreachable = 576;

// Writes "host unreachable" (RFC 792; RFC 4443 3.1 code 3) about the packet `header` was parsed from into
// `out`; returns its length. 0 when none may be sent (RFC 1122 3.2.2, RFC 4443 2.4 e): about an ICMP error, a
// later fragment, a multicast or unspecified address. Its source is the packet's own destination: the gateway
// need not have an inner address, and reverse path filters accept it. REQUIRES: out.size() >=
// kMaxIcmpUnreachable.
size_t write_icmp_unreachable(const esp::InnerHeader& header, BytesView packet, MutableBytesView out);

}  // namespace hawser::dataplane
