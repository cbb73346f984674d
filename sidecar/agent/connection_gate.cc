#include "sidecar/agent/connection_gate.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "sidecar/agent/socket_address.h"

namespace hawser::agent {
namespace {

using dataplane::UniqueFd;

constexpr int kBacklog = 128;
constexpr int kPauseMs = 100;  // when the process has no descriptor left

// What HOST:PORT means, in the order to try.
std::unique_ptr<addrinfo, void (*)(addrinfo*)> resolve(const std::string& address) {
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> found(nullptr, [](addrinfo* all) {
    if (all != nullptr) freeaddrinfo(all);
  });
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return found;
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* all = nullptr;
  if (getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &all) == 0) found.reset(all);
  return found;
}

UniqueFd listen_on(const sockaddr* address, socklen_t size) {
  UniqueFd fd(socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int yes = 1, no = 0;
  if (!fd || setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0) return {};
  if (address->sa_family == AF_INET6 && setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) != 0)
    return {};
  if (bind(fd.get(), address, size) != 0 || ::listen(fd.get(), kBacklog) != 0) return {};
  return fd;
}

// As gRPC does it: who asks for all addresses of one family gets both where there are two.
UniqueFd listen_on_both(const addrinfo& wanted) {
  sockaddr_storage storage{};
  std::copy_n(reinterpret_cast<const char*>(wanted.ai_addr), wanted.ai_addrlen,
              reinterpret_cast<char*>(&storage));
  const SocketAddress parsed = from_native(storage);
  if (wanted.ai_family == AF_INET && parsed.address == IpAddress::v4(0)) {
    const NativeAddress both = to_native({IpAddress::v6({}), parsed.port});
    if (UniqueFd fd = listen_on(both.get(), both.size)) return fd;
  }
  return listen_on(wanted.ai_addr, wanted.ai_addrlen);
}

using AskAddress = int(int, sockaddr*, socklen_t*);  // getsockname, getpeername

std::optional<SocketAddress> address_of(int fd, AskAddress ask) {
  NativeAddress out;
  out.size = sizeof out.storage;
  if (ask(fd, out.get(), &out.size) != 0) return std::nullopt;
  return from_native(out.storage);
}

// The other end is on this node: nobody else completes a handshake from an address of ours.
bool is_from_here(int connection) {
  const auto own = address_of(connection, getsockname), other = address_of(connection, getpeername);
  return own && other && own->address == other->address;
}

}  // namespace

Result<std::unique_ptr<ConnectionGate>> ConnectionGate::listen(const std::string& address) {
  const auto found = resolve(address);
  for (const addrinfo* one = found.get(); one != nullptr; one = one->ai_next) {
    UniqueFd listener = listen_on_both(*one);
    UniqueFd wake(eventfd(0, EFD_CLOEXEC));
    if (!listener || !wake) continue;
    const auto bound = address_of(listener.get(), getsockname);
    const int port = bound ? bound->port : 0;
    return std::unique_ptr<ConnectionGate>(new ConnectionGate(std::move(listener), std::move(wake), port));
  }
  return Error{ErrorCode::Unavailable, "cannot listen on " + address};
}

ConnectionGate::~ConnectionGate() { close(); }

void ConnectionGate::open(Take take) {
  thread_ = std::thread([this, take = std::move(take)] { serve(take); });
}

void ConnectionGate::close() {
  if (!thread_.joinable()) return;
  eventfd_write(wake_.get(), 1);
  thread_.join();
  listener_.reset();
}

void ConnectionGate::serve(const Take& take) {
  SystemClock clock;
  RateLimit limit(kBurst, kPerSecond);
  std::array<pollfd, 2> ready{{{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}}};
  while (true) {
    if (poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return;
    if (ready[0].revents != 0) return;
    if (ready[1].revents == 0) continue;
    UniqueFd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!connection) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        poll(ready.data(), 1, kPauseMs);
      continue;
    }
    if (!is_from_here(connection.get()) && !limit.allow(clock.now())) continue;
    const int yes = 1;
    setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    take(std::move(connection), listener_.get());
  }
}

}  // namespace hawser::agent
