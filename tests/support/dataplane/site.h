#pragma once

#include <memory>
#include <string>

#include "sidecar/dataplane/node/unique_fd.h"
#include "sidecar/dataplane/userspace/user_space_data_plane.h"
#include "tests/support/dataplane/network_namespace.h"

namespace hawser::support {

// A UDP socket with the mark 0x20 in this thread's namespace; throws when it cannot be made.
dataplane::UniqueFd open_marked_udp(const SocketAddress& bind_to);

// A gateway in a network namespace of its own: inner addresses on `lo`, a user-space data plane with raw ESP.
class Site {
 public:
  struct Options {
    std::string inner_v4;  // "10.11.0.1": its /16 is the local prefix
    std::string inner_v6;  // "2001:db8:11::1": its /48
  };
  explicit Site(const Options& options);

  // Starts the plane: after the wide-area interface is there. Throws when it fails.
  void start();
  void stop() { plane_.reset(); }
  // Both prefixes of the other site.
  dataplane::TunnelSpec tunnel_to(const Site& other, const sa::ConnectionName& connection) const;
  // plane().configure() inside the namespace, where the interface belongs.
  Result<void> configure(const dataplane::TunnelSpec& tunnel);
  // Whether each of `count` pings from the inner address to `destination` is answered.
  bool ping(const std::string& destination, int count = 3, int size = 56) const;

  NetworkNamespace& ns() { return ns_; }
  const NetworkNamespace& ns() const { return ns_; }
  dataplane::UserSpaceDataPlane& plane() { return *plane_; }
  const Options& options() const { return options_; }

 private:
  Options options_;
  NetworkNamespace ns_;
  dataplane::UniqueFd nat_v4_, nat_v6_;
  std::unique_ptr<dataplane::UserSpaceDataPlane> plane_;
};

}  // namespace hawser::support
