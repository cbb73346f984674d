#include "sidecar/agent/source_address.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

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
