#pragma once

#include <functional>
#include <memory>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "sidecar/dataplane/node/unique_fd.h"
#include "sidecar/ike/endpoint.h"

namespace hawser::agent {

// Reads a UDP socket that knows the local address of each datagram.
class DatagramReader {
 public:
  // A flood must not keep the loop from everything else: what is left keeps the socket readable.
  static constexpr int kBatch = 64;
  using Take = std::function<void(const ike::Datagram&)>;
  // Hands over at most kBatch datagrams that wait; `port` is the local one.
  void read(int fd, uint16_t port, const Take& take);

 private:
  Bytes buffer_;
};

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

  // What waits on the socket of the IKE port.
  void receive(int fd, const DatagramReader::Take& take) { reader_.read(fd, ports_.ike, take); }
  // From the local port that the datagram names, with the non-ESP marker on the NAT port.
  Result<void> send(const ike::Datagram& datagram);

 private:
  IkeSockets() = default;
  Ports ports_;
  DatagramReader reader_;
  dataplane::UniqueFd ike_v4_, ike_v6_, nat_v4_, nat_v6_;
};

}  // namespace hawser::agent
