#pragma once

#include <memory>
#include <optional>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "sidecar/dataplane/node/unique_fd.h"
#include "sidecar/ike/endpoint.h"

namespace hawser::agent {

// The UDP sockets of IKE: ports 500 and 4500, IPv4 and, where the node has it, IPv6 (RFC 7296 2, 2.23). All
// are marked and know the local address of each datagram. The sockets of the NAT port are lent to the data
// plane, which reads them; here they only send.
class IkeSockets {
 public:
  struct Ports {
    uint16_t ike = 500;
    uint16_t nat = 4500;
  };
  // Unavailable when a port is taken, PermissionDenied without NET_ADMIN (the mark) or NET_BIND_SERVICE.
  static Result<std::unique_ptr<IkeSockets>> open(Ports ports);

  // -1: no IPv6 here.
  int ike_v4() const { return ike_v4_.get(); }
  int ike_v6() const { return ike_v6_.get(); }
  int nat_v4() const { return nat_v4_.get(); }
  int nat_v6() const { return nat_v6_.get(); }

  // The next datagram waiting on the socket of the IKE port; empty when there is none.
  std::optional<ike::Datagram> receive(int fd);
  // From the local port that the datagram names, with the non-ESP marker on the NAT port.
  Result<void> send(const ike::Datagram& datagram);

 private:
  IkeSockets() = default;
  Ports ports_;
  dataplane::UniqueFd ike_v4_, ike_v6_, nat_v4_, nat_v6_;
};

}  // namespace hawser::agent
