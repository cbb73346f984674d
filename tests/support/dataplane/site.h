#pragma once

#include <memory>
#include <string>

#include "sidecar/dataplane/node/unique_fd.h"
#include "sidecar/dataplane/userspace/user_space_data_plane.h"
#include "tests/support/dataplane/child_sas.h"
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

// Two gateways on one wire: `left` 192.0.2.1 and 2001:db8::1, `right` 192.0.2.2 and 2001:db8::2, each with a
// default route over it, so that whatever escapes a tunnel is seen there.
class TwoSites {
 public:
  static constexpr const char* kConnection = "default/tunnel";
  TwoSites();

  // Starts both planes and configures the tunnel on both.
  Result<void> start();
  Ends ends(sa::Encapsulation encapsulation, IpVersion outer = IpVersion::V4) const;
  // On both sides, the receiving side first.
  Result<void> install(const sa::ChildSuite& suite, uint8_t n, const Ends& ends);
  void remove(uint8_t n);

  Site left{{.inner_v4 = "10.11.0.1", .inner_v6 = "2001:db8:11::1"}};
  Site right{{.inner_v4 = "10.61.0.1", .inner_v6 = "2001:db8:61::1"}};
};

// Looks at every packet that leaves or enters an interface.
class WireTap {
 public:
  // An interface of that namespace; throws when it cannot be opened.
  WireTap(const NetworkNamespace& ns, const std::string& interface);

  struct Seen {
    int esp = 0;  // protocol 50 or UDP port 4500
    int clear =
        0;  // an inner address (10.0.0.0/8, 2001:db8:11::/48, 2001:db8:61::/48) in the outermost header
    int other = 0;
  };
  // Everything since the last call.
  Seen take();

 private:
  dataplane::UniqueFd fd_;
};

}  // namespace hawser::support
