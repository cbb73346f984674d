#pragma once

#include <string>
#include <vector>

#include "sidecar/dataplane/node/netlink.h"

namespace hawser::dataplane {

struct Link {
  std::string name;
  uint32_t index = 0;
  uint32_t mtu = 0;
  std::string alias;
  std::string kind;  // "tun", "xfrm"; "" when the kernel names none
};

Result<std::vector<Link>> list_links(Netlink& netlink);
// NotFound when there is none.
Result<uint32_t> find_link_index(Netlink& netlink, const std::string& name);
// Sets alias and MTU, switches off the link-local IPv6 address (nothing but routed packets enters a tunnel),
// then up.
Result<void> set_up_link(Netlink& netlink, uint32_t index, const std::string& alias, uint32_t mtu);
// Fine when it is not there.
Result<void> delete_link(Netlink& netlink, uint32_t index);

}  // namespace hawser::dataplane
