#include "sidecar/dataplane/node/cleanup.h"

#include "sidecar/dataplane/node/interface_name.h"
#include "sidecar/dataplane/node/links.h"
#include "sidecar/dataplane/node/routes.h"

namespace hawser::dataplane {

Result<void> cleanup_node() {
  ASSIGN_OR_RETURN(auto netlink, Netlink::open());
  ASSIGN_OR_RETURN(std::vector<Link> links, list_links(*netlink));
  for (const Link& link : links)
    if (is_interface_name(link.name)) RETURN_IF_ERROR(delete_link(*netlink, link.index));
  for (IpVersion version : {IpVersion::V4, IpVersion::V6}) {
    RETURN_IF_ERROR(delete_rules(*netlink, version));
    ASSIGN_OR_RETURN(std::vector<Route> routes, list_routes(*netlink, version));
    for (const Route& route : routes) RETURN_IF_ERROR(delete_route(*netlink, route));
  }
  return {};
}

Result<void> remove_idle_rules() {
  ASSIGN_OR_RETURN(auto netlink, Netlink::open());
  for (IpVersion version : {IpVersion::V4, IpVersion::V6}) {
    ASSIGN_OR_RETURN(std::vector<Route> routes, list_routes(*netlink, version));
    if (routes.empty()) RETURN_IF_ERROR(delete_rules(*netlink, version));
  }
  return {};
}

}  // namespace hawser::dataplane
