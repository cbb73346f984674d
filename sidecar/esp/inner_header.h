#pragma once

#include <optional>

#include "common/base/bytes.h"
#include "common/base/ip.h"

namespace hawser::esp {

// What a data plane asks of an IPv4 or IPv6 packet: addresses and ports for the selectors (RFC 4301 4.4.1.1),
// lengths, and where the transport header lies.
struct InnerHeader {
  IpVersion version = IpVersion::V4;
  uint8_t traffic_class = 0;    // DSCP and ECN
  uint8_t protocol = 0;         // of the transport; behind the extension headers of IPv6
  bool fragment = false;        // a part of a packet
  bool first_fragment = true;   // has the transport header; true as well for a packet that is whole
  bool dont_fragment = false;   // DF of IPv4; always true for IPv6
  size_t total_length = 0;      // octets, header included; at most the size of what was parsed
  size_t transport_offset = 0;  // of the transport header (or of the fragment's data); at most total_length
  IpAddress source;
  IpAddress destination;
  // Of TCP, UDP and SCTP when the octets are there; else 0 and false.
  bool has_ports = false;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;

  // Nothing when lengths contradict each other or the version is neither 4 nor 6. Octets after total_length
  // are allowed (traffic flow confidentiality, RFC 4303 2.7). The IPv4 checksum is the receiver's business.
  static std::optional<InnerHeader> parse(BytesView packet);
};

}  // namespace hawser::esp
