#pragma once

#include <string>
#include <vector>

#include "common/base/ip.h"
#include "sidecar/dataplane/node/netlink.h"

namespace hawser::dataplane {

// A route of table 18519.
struct Route {
  IpPrefix prefix;
  uint32_t metric = 0;
  uint32_t interface_index = 0;  // 0: none
  bool unreachable = false;
};

// `ip rule not fwmark 0x20/0x20 lookup 18519` at preference 18519. Fine when it is there already.
Result<void> add_rule(Netlink& netlink, IpVersion version);
// Takes away every rule of that shape; fine when there is none.
Result<void> delete_rules(Netlink& netlink, IpVersion version);

// `unreachable PREFIX metric 4294967295`. Fine when it is there already.
Result<void> add_fail_closed_route(Netlink& netlink, const IpPrefix& prefix);
// `PREFIX dev INTERFACE`. Fine when exactly it is there already; AlreadyExists when it leads elsewhere.
Result<void> add_tunnel_route(Netlink& netlink, const IpPrefix& prefix, uint32_t interface_index);
// Fine when it is not there.
Result<void> delete_route(Netlink& netlink, const Route& route);
Result<std::vector<Route>> list_routes(Netlink& netlink, IpVersion version);

}  // namespace hawser::dataplane
