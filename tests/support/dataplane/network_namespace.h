#pragma once

#include <functional>
#include <string>

namespace hawser::support {

// A network namespace of its own, with `lo` up, gone when nothing uses it any more. Namespaces belong to
// threads: what is opened, started or run inside in() lives in this one. Throws std::runtime_error without
// CAP_SYS_ADMIN: a test that needs it must fail, not be skipped.
class NetworkNamespace {
 public:
  NetworkNamespace();
  ~NetworkNamespace();
  NetworkNamespace(const NetworkNamespace&) = delete;
  NetworkNamespace& operator=(const NetworkNamespace&) = delete;

  void in(const std::function<void()>& body) const;
  // Runs a shell command in it; throws when it fails. Returns its output.
  std::string run(const std::string& command) const;
  // "/proc/PID/fd/N": for `ip link set X netns` and the like.
  std::string path() const;
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

// Joins two namespaces: interface `a` with address `address_a` in `left`, and the other way round.
void join(const NetworkNamespace& left, const std::string& a, const std::string& address_a,
          const NetworkNamespace& right, const std::string& b, const std::string& address_b);

}  // namespace hawser::support
