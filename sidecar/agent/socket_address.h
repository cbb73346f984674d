#pragma once

#include <sys/socket.h>

#include "common/base/ip.h"

namespace hawser::agent {

// The mark of every IKE and ESP socket: the rule of preference 18519 sends marked packets past the tunnels
// (contracts, section 6).
inline constexpr int kSocketMark = 0x20;

struct NativeAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};
NativeAddress to_native(const SocketAddress& address);
// 0.0.0.0:0 for a family that is neither IPv4 nor IPv6.
SocketAddress from_native(const sockaddr_storage& storage);

}  // namespace hawser::agent
