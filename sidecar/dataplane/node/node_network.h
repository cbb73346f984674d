#pragma once

#include <memory>

#include "sidecar/dataplane/data_plane.h"

namespace hawser::dataplane {

// Rule, routes and interface settings of the tunnels of a node, the same for every data plane. The order of
// calls is what keeps inner packets from ever leaving in clear:
//
//   protect(spec)    rule and fail-closed routes: from here on a packet that finds no tunnel is refused
//   (the data plane makes the interface, named interface_name(spec.connection), and is ready to read it)
//   attach(spec)     interface up, routes into it; then takes away routes of prefixes the spec no longer has
//
// A change in place is the same two calls. One thread.
class NodeNetwork {
 public:
  // This network namespace, by netlink. The rule is made at once.
  static Result<std::unique_ptr<NodeNetwork>> open();
  virtual ~NodeNetwork() = default;

  // AlreadyExists when another configured connection has one of the prefixes; then nothing was changed.
  virtual Result<void> protect(const TunnelSpec& spec) = 0;
  virtual Result<void> attach(const TunnelSpec& spec) = 0;
  // Routes and interface go, the fail-closed routes last or not at all.
  virtual void release(const sa::ConnectionName& connection, bool keep_fail_closed) = 0;
  // Fail-closed routes and interfaces of connections that were never given to protect().
  virtual Result<void> remove_leftovers() = 0;
};

}  // namespace hawser::dataplane
