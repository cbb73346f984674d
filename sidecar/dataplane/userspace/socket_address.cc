#include "sidecar/dataplane/userspace/socket_address.h"

#include <algorithm>
#include <cstring>

namespace hawser::dataplane {

socklen_t to_socket_name(const SocketAddress& address, SocketName& name) {
  std::memset(&name, 0, sizeof(name));
  BytesView octets = address.address.octets();
  if (address.address.is_v4()) {
    name.v4.sin_family = AF_INET;
    name.v4.sin_port = htons(address.port);
    std::memcpy(&name.v4.sin_addr, octets.data(), octets.size());
    return sizeof(name.v4);
  }
  name.v6.sin6_family = AF_INET6;
  name.v6.sin6_port = htons(address.port);
  std::memcpy(&name.v6.sin6_addr, octets.data(), octets.size());
  return sizeof(name.v6);
}

SocketAddress from_socket_name(const SocketName& name) {
  if (name.generic.sa_family == AF_INET6) return {from_in6_addr(name.v6.sin6_addr), ntohs(name.v6.sin6_port)};
  return {from_in_addr(name.v4.sin_addr), ntohs(name.v4.sin_port)};
}

IpAddress from_in_addr(const in_addr& address) { return IpAddress::v4(ntohl(address.s_addr)); }

IpAddress from_in6_addr(const in6_addr& address) {
  std::array<uint8_t, 16> octets;
  std::copy_n(address.s6_addr, octets.size(), octets.begin());
  return IpAddress::v6(octets);
}

}  // namespace hawser::dataplane
