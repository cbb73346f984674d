#include "tests/support/dataplane/network_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace hawser::support {
namespace {

int open_current() {
  int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw std::runtime_error("cannot open this network namespace");
  return fd;
}

void enter(int fd) {
  if (setns(fd, CLONE_NEWNET) != 0)
    throw std::runtime_error(std::string("cannot enter a network namespace (root needed): ") +
                             std::strerror(errno));
}

// Back to where the thread was, whatever happens.
class Return {
 public:
  Return() : fd_(open_current()) {}
  ~Return() {
    setns(fd_, CLONE_NEWNET);
    close(fd_);
  }

 private:
  int fd_;
};

}  // namespace

NetworkNamespace::NetworkNamespace() {
  Return back;
  if (unshare(CLONE_NEWNET) != 0)
    throw std::runtime_error(std::string("cannot make a network namespace (root needed): ") +
                             std::strerror(errno));
  fd_ = open_current();
  run("ip link set lo up");
}

NetworkNamespace::~NetworkNamespace() { close(fd_); }

void NetworkNamespace::in(const std::function<void()>& body) const {
  Return back;
  enter(fd_);
  body();
}

std::string NetworkNamespace::run(const std::string& command) const {
  std::string output;
  in([&] {
    FILE* pipe = popen(("{ " + command + "; } 2>&1").c_str(), "re");
    if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
    char buffer[4096];
    while (size_t size = fread(buffer, 1, sizeof(buffer), pipe)) output.append(buffer, size);
    if (pclose(pipe) != 0) throw std::runtime_error(command + " failed: " + output);
  });
  return output;
}

std::string NetworkNamespace::path() const {
  return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd_);
}

void join(const NetworkNamespace& left, const std::string& a, const std::string& address_a,
          const NetworkNamespace& right, const std::string& b, const std::string& address_b) {
  left.run("ip link add " + a + " type veth peer name " + b + " netns " + right.path());
  left.run("ip address add " + address_a + " dev " + a + " nodad && ip link set " + a + " up");
  right.run("ip address add " + address_b + " dev " + b + " nodad && ip link set " + b + " up");
}

}  // namespace hawser::support
