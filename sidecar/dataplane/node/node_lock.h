#pragma once

#include <string_view>

#include "common/base/result.h"

namespace hawser::dataplane {

// One sidecar in a network namespace: two would answer the same peers, and a cleanup beside a running one
// would take away the routes that keep its packets from leaving in clear. Held until it dies; a killed
// process leaves nothing behind, because the lock is a socket of the abstract namespace, which each network
// namespace has for itself.
class NodeLock {
 public:
  // AlreadyExists when another process of this network namespace holds it.
  static Result<NodeLock> acquire(std::string_view name = "hawser-sidecar");
  ~NodeLock();
  NodeLock(NodeLock&& other) noexcept : socket_(other.socket_) { other.socket_ = -1; }
  NodeLock& operator=(NodeLock&&) = delete;

 private:
  explicit NodeLock(int socket) : socket_(socket) {}
  int socket_;
};

}  // namespace hawser::dataplane
