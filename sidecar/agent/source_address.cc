#include "sidecar/agent/source_address.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "sidecar/agent/socket_address.h"
#include "sidecar/dataplane/node/unique_fd.h"

namespace hawser::agent {
namespace {

dataplane::UniqueFd marked_socket(const IpAddress& address) {
  dataplane::UniqueFd fd(socket(address.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (fd && setsockopt(fd.get(), SOL_SOCKET, SO_MARK, &kSocketMark, sizeof kSocketMark) != 0)
    return dataplane::UniqueFd();
  return fd;
}

}  // namespace

bool KernelSourceAddresses::is_local(const IpAddress& address) const {
  dataplane::UniqueFd fd = marked_socket(address);
  const auto native = to_native({address, 0});
  return fd && bind(fd.get(), native.get(), native.size) == 0;
}

std::optional<IpAddress> KernelSourceAddresses::inside(const IpPrefix& prefix) const {
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return std::nullopt;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(all, freeifaddrs);
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) continue;
    const int family = one->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    sockaddr_storage storage{};
    std::memcpy(&storage, one->ifa_addr, family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    const IpAddress address = from_native(storage).address;
    if (prefix.contains(address)) return address;
  }
  return std::nullopt;
}

Result<IpAddress> KernelSourceAddresses::toward(const IpAddress& remote) const {
  dataplane::UniqueFd fd = marked_socket(remote);
  const auto native = to_native({remote, 500});
  NativeAddress local;
  local.size = sizeof local.storage;
  if (!fd || connect(fd.get(), native.get(), native.size) != 0 ||
      getsockname(fd.get(), local.get(), &local.size) != 0) {
    return Error{ErrorCode::Unavailable, "no route to " + remote.to_string() + ": " + std::strerror(errno)};
  }
  return from_native(local.storage).address;
}

}  // namespace hawser::agent
