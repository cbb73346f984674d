#include "sidecar/dataplane/userspace/sockets.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "sidecar/dataplane/node/constants.h"
#include "sidecar/dataplane/node/links.h"
#include "sidecar/dataplane/userspace/socket_address.h"

namespace hawser::dataplane {
namespace {

constexpr int kSocketBuffer = 4 << 20;

Error system_error(const std::string& what) {
  int number = errno;
  ErrorCode code = ErrorCode::Internal;
  if (number == EPERM || number == EACCES) code = ErrorCode::PermissionDenied;
  if (number == EAFNOSUPPORT || number == EPROTONOSUPPORT || number == ENOENT || number == ENODEV ||
      number == ENXIO)
    code = ErrorCode::Unsupported;
  if (number == EBUSY) code = ErrorCode::Unavailable;
  return {code, "cannot " + what + ": " + std::strerror(number)};
}

bool set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

// FORCE goes beyond net.core.rmem_max and needs NET_ADMIN, which we have; else as much as we may.
void set_buffers(int fd) {
  if (!set(fd, SOL_SOCKET, SO_RCVBUFFORCE, kSocketBuffer)) set(fd, SOL_SOCKET, SO_RCVBUF, kSocketBuffer);
  if (!set(fd, SOL_SOCKET, SO_SNDBUFFORCE, kSocketBuffer)) set(fd, SOL_SOCKET, SO_SNDBUF, kSocketBuffer);
}

// Addresses and TOS with each packet; DF clear, so that a path narrower than MTU 1400 fragments instead of
// dropping (RFC 4301 8.1 leaves it to us).
Result<void> set_options(int fd, IpVersion version) {
  bool ok = version == IpVersion::V4
                ? set(fd, IPPROTO_IP, IP_PKTINFO, 1) && set(fd, IPPROTO_IP, IP_RECVTOS, 1) &&
                      set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT)
                : set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) && set(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1) &&
                      set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
  if (!ok) return system_error("set the options of an ESP socket");
  set_buffers(fd);
  return {};
}

}  // namespace

Result<uint16_t> prepare_nat_socket(int fd, IpVersion version) {
  SocketName name{};
  socklen_t size = sizeof(name);
  int mark = 0;
  socklen_t mark_size = sizeof(mark);
  if (getsockname(fd, &name.generic, &size) != 0 ||
      getsockopt(fd, SOL_SOCKET, SO_MARK, &mark, &mark_size) != 0)
    return system_error("look at the socket of the NAT port");
  if (name.generic.sa_family != (version == IpVersion::V4 ? AF_INET : AF_INET6))
    return Error{ErrorCode::InvalidArgument, "the socket of the NAT port has the wrong address family"};
  if ((static_cast<uint32_t>(mark) & kMarkMask) != kMark)
    return Error{ErrorCode::InvalidArgument, "the socket of the NAT port lacks the mark 0x20"};
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
    return system_error("make a socket non-blocking");
  RETURN_IF_ERROR(set_options(fd, version));
  // Linux 5.0; without it datagrams come one by one.
  set(fd, SOL_UDP, UDP_GRO, 1);
  return from_socket_name(name).port;
}

Result<UniqueFd> open_esp_socket(IpVersion version) {
  int family = version == IpVersion::V4 ? AF_INET : AF_INET6;
  UniqueFd fd(socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ESP));
  if (!fd) {
    Error error = system_error("open a raw ESP socket");
    if (error.code == ErrorCode::PermissionDenied)
      error.message += " (the sidecar needs the capability NET_RAW)";
    return error;
  }
  if (!set(fd.get(), SOL_SOCKET, SO_MARK, static_cast<int>(kMark)))
    return system_error("mark a raw ESP socket");
  RETURN_IF_ERROR(set_options(fd.get(), version));
  return fd;
}

Result<UniqueFd> open_tun(const std::string& interface) {
  for (bool retried = false;; retried = true) {
    UniqueFd fd(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!fd) return system_error("open /dev/net/tun, which the user-space data plane needs");
    ifreq request{};
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    interface.copy(request.ifr_name, IFNAMSIZ - 1);
    if (ioctl(fd.get(), TUNSETIFF, &request) == 0) return fd;
    if (errno != EINVAL || retried) return system_error("open the interface " + interface);
    ASSIGN_OR_RETURN(auto netlink, Netlink::open());
    if (auto index = find_link_index(*netlink, interface)) RETURN_IF_ERROR(delete_link(*netlink, *index));
  }
}

}  // namespace hawser::dataplane
