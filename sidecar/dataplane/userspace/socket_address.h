#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "common/base/ip.h"

namespace hawser::dataplane {

// Room for an address of either version.
union SocketName {
  sockaddr generic;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

socklen_t to_socket_name(const SocketAddress& address, SocketName& name);
SocketAddress from_socket_name(const SocketName& name);
IpAddress from_in_addr(const in_addr& address);
IpAddress from_in6_addr(const in6_addr& address);

}  // namespace hawser::dataplane
