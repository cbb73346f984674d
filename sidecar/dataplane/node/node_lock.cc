#include "sidecar/dataplane/node/node_lock.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

namespace hawser::dataplane {

Result<NodeLock> NodeLock::acquire(std::string_view name) {
  NodeLock lock(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  CHECK(name.size() < sizeof address.sun_path - 1);
  // A leading NUL makes the name abstract: no file (unix(7)).
  std::ranges::copy(name, address.sun_path + 1);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (lock.socket_ >= 0 && bind(lock.socket_, reinterpret_cast<sockaddr*>(&address), size) == 0) return lock;
  if (errno == EADDRINUSE)
    return Error{ErrorCode::AlreadyExists,
                 "a hawser-sidecar runs in this network namespace already; stop it first"};
  return Error{ErrorCode::Internal,
               std::string("cannot take the lock of this node: ") + std::strerror(errno)};
}

NodeLock::~NodeLock() {
  if (socket_ >= 0) close(socket_);
}

}  // namespace hawser::dataplane
