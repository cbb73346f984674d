#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "sidecar/dataplane/node/unique_fd.h"

namespace hawser::agent {

// How many of something may happen: `burst` at once, and `per_second` from then on.
class RateLimit {
 public:
  RateLimit(double burst, double per_second) : burst_(burst), per_second_(per_second), left_(burst) {}
  bool allow(TimePoint now) {
    if (now > last_)
      left_ = std::min(burst_, left_ + std::chrono::duration<double>(now - last_).count() * per_second_);
    last_ = std::max(last_, now);
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  double burst_, per_second_, left_;
  TimePoint last_{};
};

// Listens on TCP and hands on what connects, but not more than a bounded number a second: a connection takes
// memory before it has proved anything, and the tunnels share the process. What comes faster is closed
// unread, and an operator tries again. What comes from the address that it goes to is not counted: a
// kubelet's probes must pass during any flood, or it would end the process. Has a thread of its own from
// open() on.
class ConnectionGate {
 public:
  static constexpr double kBurst = 32, kPerSecond = 8;
  // Takes over the connection, which does not block; `listener` is only named. Called in the gate's thread.
  using Take = std::function<void(dataplane::UniqueFd connection, int listener)>;

  // HOST:PORT; 0.0.0.0 and [::] are both families. Unavailable: not an address of ours, or taken.
  static Result<std::unique_ptr<ConnectionGate>> listen(const std::string& address);
  ~ConnectionGate();
  ConnectionGate(const ConnectionGate&) = delete;
  ConnectionGate& operator=(const ConnectionGate&) = delete;

  // The port in use, for HOST:0.
  int port() const { return port_; }
  void open(Take take);
  // Nothing is handed on any more once this returns.
  void close();

 private:
  ConnectionGate(dataplane::UniqueFd listener, dataplane::UniqueFd wake, int port)
      : listener_(std::move(listener)), wake_(std::move(wake)), port_(port) {}
  void serve(const Take& take);

  dataplane::UniqueFd listener_, wake_;
  int port_;
  std::thread thread_;
};

}  // namespace hawser::agent
