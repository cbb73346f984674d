#include "sidecar/dataplane/node/links.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace hawser::dataplane {
namespace {

std::string text(const nlattr* attribute) {
  const auto* start = static_cast<const char*>(mnl_attr_get_payload(attribute));
  return {start, strnlen(start, mnl_attr_get_payload_len(attribute))};
}

int parse_link_info(const nlattr* attribute, void* data) {
  if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND) static_cast<Link*>(data)->kind = text(attribute);
  return MNL_CB_OK;
}

int parse_link_attribute(const nlattr* attribute, void* data) {
  auto& link = *static_cast<Link*>(data);
  switch (mnl_attr_get_type(attribute)) {
    case IFLA_IFNAME:
      link.name = text(attribute);
      break;
    case IFLA_IFALIAS:
      link.alias = text(attribute);
      break;
    case IFLA_MTU:
      link.mtu = mnl_attr_get_u32(attribute);
      break;
    case IFLA_LINKINFO:
      mnl_attr_parse_nested(attribute, parse_link_info, data);
      break;
    default:
      break;
  }
  return MNL_CB_OK;
}

void disable_ipv6_address(Netlink& netlink, uint32_t index) {
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = static_cast<int>(index);
  NetlinkRequest request(RTM_NEWLINK, 0, header);
  request.begin(IFLA_AF_SPEC)
      .begin(AF_INET6)
      .put_u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE)
      .end()
      .end();
  // A kernel without IPv6 refuses, and has no such address either.
  netlink.request(request);
}

}  // namespace

Result<std::vector<Link>> list_links(Netlink& netlink) {
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  NetlinkRequest request(RTM_GETLINK, 0, header);
  std::vector<Link> links;
  int error = netlink.dump(request, [&](const nlmsghdr& message) {
    if (message.nlmsg_type != RTM_NEWLINK) return;
    const auto* info = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&message));
    Link link;
    link.index = static_cast<uint32_t>(info->ifi_index);
    if (mnl_attr_parse(&message, sizeof(ifinfomsg), parse_link_attribute, &link) >= 0)
      links.push_back(std::move(link));
  });
  if (error != 0) return netlink_error("list the interfaces", error);
  return links;
}

Result<uint32_t> find_link_index(Netlink& netlink, const std::string& name) {
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  NetlinkRequest request(RTM_GETLINK, 0, header);
  request.put_string(IFLA_IFNAME, name);
  uint32_t index = 0;
  int error = netlink.get(request, [&](const nlmsghdr& message) {
    if (message.nlmsg_type != RTM_NEWLINK) return;
    index = static_cast<uint32_t>(static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&message))->ifi_index);
  });
  if (error != 0) return netlink_error("find the interface " + name, error);
  if (index == 0) return Error{ErrorCode::NotFound, "there is no interface " + name};
  return index;
}

Result<void> set_up_link(Netlink& netlink, uint32_t index, const std::string& alias, uint32_t mtu) {
  disable_ipv6_address(netlink, index);
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = static_cast<int>(index);
  header.ifi_flags = IFF_UP;
  header.ifi_change = IFF_UP;
  NetlinkRequest request(RTM_NEWLINK, 0, header);
  request.put_u32(IFLA_MTU, mtu);
  // IFALIASZ is 256 with the terminator; two Kubernetes names fit (63 + 1 + 253 may not: then it is cut).
  request.put(IFLA_IFALIAS, as_bytes(std::string_view(alias).substr(0, 255)));
  int error = netlink.request(request);
  if (error != 0) return netlink_error("set up the interface of " + alias, error);
  return {};
}

Result<void> delete_link(Netlink& netlink, uint32_t index) {
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = static_cast<int>(index);
  NetlinkRequest request(RTM_DELLINK, 0, header);
  int error = netlink.request(request);
  if (error != 0 && error != ENODEV) return netlink_error("delete interface " + std::to_string(index), error);
  return {};
}

}  // namespace hawser::dataplane
