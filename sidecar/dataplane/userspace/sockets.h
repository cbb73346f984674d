#pragma once

#include "common/base/ip.h"
#include "common/base/result.h"
#include "sidecar/dataplane/node/unique_fd.h"

namespace hawser::dataplane {

// Makes a borrowed UDP socket of the NAT port fit for ESP; returns the port it is bound to.
// InvalidArgument: not a bound UDP socket of that version, or without the mark 0x20.
Result<uint16_t> prepare_nat_socket(int fd, IpVersion version);

// A raw socket for protocol 50, marked 0x20. Unsupported: the kernel has no IPv6.
Result<UniqueFd> open_esp_socket(IpVersion version);

// Opens the TUN interface of that name, making it if needed; it vanishes when the descriptor is closed. An
// interface of the same name and another type is a leftover of ours and replaced. Unavailable: another
// process has it open.
Result<UniqueFd> open_tun(const std::string& interface);

}  // namespace hawser::dataplane
