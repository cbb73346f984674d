#pragma once

#include <cstdint>

#include "common/base/bytes.h"

namespace hawser::esp {

// Lowers the MSS option of a TCP SYN to at most `mss`, and to what fits into `mtu` (which is 20 less for
// IPv6), and changes the TCP checksum with it. True when it changed something. A `mss` of 0 switches it off.
// Never raises, adds no option, and leaves alone whatever is malformed or a later fragment. The checksum must
// be complete: a packet from TUN that still NEEDS_CSUM carries a partial one.
bool clamp_tcp_mss(MutableBytesView packet, uint16_t mss, uint32_t mtu);

}  // namespace hawser::esp
