#include "sidecar/agent/ike_sockets.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "sidecar/agent/socket_address.h"

namespace hawser::agent {
namespace {

// RFC 7296 2: larger than any message that we send or that a peer may expect us to take.
constexpr size_t kMaxDatagram = 65535;
constexpr std::array<uint8_t, 4> kNonEspMarker{};  // RFC 3948 2.2

// Control messages need the alignment of cmsghdr.
union Control {
  cmsghdr align;
  std::array<char, CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(in_pktinfo))> space;
};

Error socket_error(const std::string& what, uint16_t port) {
  const int number = errno;
  const std::string text = what + " UDP port " + std::to_string(port) + ": " + std::strerror(number);
  if (number == EADDRINUSE) {
    return {ErrorCode::Unavailable, text + "; stop the other IKE daemon of this node, or choose other ports"};
  }
  if (number == EPERM || number == EACCES) {
    return {ErrorCode::PermissionDenied, text + "; needs the capabilities NET_ADMIN and NET_BIND_SERVICE"};
  }
  return {ErrorCode::Internal, text};
}

bool set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

Result<dataplane::UniqueFd> open_socket(IpVersion version, uint16_t port) {
  const bool v4 = version == IpVersion::V4;
  dataplane::UniqueFd fd(socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) {
    if (!v4 && errno == EAFNOSUPPORT) return dataplane::UniqueFd();
    return socket_error("cannot open", port);
  }
  if (!v4 && !set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1))
    return socket_error("cannot limit to IPv6", port);
  if (!set_option(fd.get(), SOL_SOCKET, SO_MARK, kSocketMark)) return socket_error("cannot mark", port);
  const bool info = v4 ? set_option(fd.get(), IPPROTO_IP, IP_PKTINFO, 1)
                       : set_option(fd.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  if (!info) return socket_error("cannot learn local addresses on", port);
  const auto any = to_native({IpPrefix::any(version).address(), port});
  if (bind(fd.get(), any.get(), any.size) != 0) {
    if (!v4 && errno == EADDRNOTAVAIL) return dataplane::UniqueFd();  // IPv6 is built in and switched off
    return socket_error("cannot listen on", port);
  }
  return fd;
}

IpAddress local_address(msghdr& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      return IpAddress::v4(ntohl(info.ipi_addr.s_addr));
    }
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      std::array<uint8_t, 16> octets{};
      std::memcpy(octets.data(), &info.ipi6_addr, octets.size());
      return IpAddress::v6(octets);
    }
  }
  return {};
}

// Replies leave from the address that the peer wrote to, also on a node with several.
void set_source(msghdr& message, Control& control, const IpAddress& source) {
  message.msg_control = control.space.data();
  const auto octets = source.octets();
  if (source.is_v4()) {
    message.msg_controllen = CMSG_SPACE(sizeof(in_pktinfo));
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, octets.data(), octets.size());
    std::memcpy(CMSG_DATA(c), &info, sizeof info);
  } else {
    message.msg_controllen = CMSG_SPACE(sizeof(in6_pktinfo));
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = IPPROTO_IPV6;
    c->cmsg_type = IPV6_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof(in6_pktinfo));
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, octets.data(), octets.size());
    std::memcpy(CMSG_DATA(c), &info, sizeof info);
  }
}

}  // namespace

Result<std::unique_ptr<IkeSockets>> IkeSockets::open(Ports ports) {
  std::unique_ptr<IkeSockets> sockets(new IkeSockets);
  sockets->ports_ = ports;
  ASSIGN_OR_RETURN(sockets->ike_v4_, open_socket(IpVersion::V4, ports.ike));
  ASSIGN_OR_RETURN(sockets->ike_v6_, open_socket(IpVersion::V6, ports.ike));
  ASSIGN_OR_RETURN(sockets->nat_v4_, open_socket(IpVersion::V4, ports.nat));
  ASSIGN_OR_RETURN(sockets->nat_v6_, open_socket(IpVersion::V6, ports.nat));
  return sockets;
}

void DatagramReader::read(int fd, uint16_t port, const Take& take) {
  buffer_.resize(kMaxDatagram);
  for (int count = 0; count < kBatch; ++count) {
    sockaddr_storage from{};
    iovec vector{buffer_.data(), buffer_.size()};
    Control control{};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.space.data();
    message.msg_controllen = control.space.size();
    const ssize_t size = recvmsg(fd, &message, 0);
    if (size < 0) return;
    take({{local_address(message), port}, from_native(from), Bytes(buffer_.begin(), buffer_.begin() + size)});
  }
}

Result<void> IkeSockets::send(const ike::Datagram& datagram) {
  const bool v4 = datagram.remote.address.is_v4();
  const bool nat = datagram.local.port == ports_.nat;
  const dataplane::UniqueFd& fd = nat ? (v4 ? nat_v4_ : nat_v6_) : (v4 ? ike_v4_ : ike_v6_);
  if (!fd)
    return Error{ErrorCode::Unsupported,
                 "this node has no IPv6: cannot reach " + datagram.remote.to_string()};
  auto to = to_native(datagram.remote);
  std::array<iovec, 2> vectors{};
  size_t count = 0;
  if (nat) vectors[count++] = {const_cast<uint8_t*>(kNonEspMarker.data()), kNonEspMarker.size()};
  vectors[count++] = {const_cast<uint8_t*>(datagram.payload.data()), datagram.payload.size()};
  Control control{};
  msghdr message{};
  message.msg_name = to.get();
  message.msg_namelen = to.size;
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  const auto& source = datagram.local.address;
  if (!source.is_unspecified() && source.is_v4() == v4) set_source(message, control, source);
  if (sendmsg(fd.get(), &message, MSG_NOSIGNAL) >= 0) return {};
  return Error{ErrorCode::Unavailable,
               "cannot send to " + datagram.remote.to_string() + ": " + std::strerror(errno)};
}

}  // namespace hawser::agent
