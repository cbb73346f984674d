#include "sidecar/dataplane/node/routes.h"

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "sidecar/dataplane/node/constants.h"

namespace hawser::dataplane {
namespace {

uint8_t family(IpVersion version) { return version == IpVersion::V4 ? AF_INET : AF_INET6; }

NetlinkRequest rule_request(uint16_t type, uint16_t flags, IpVersion version) {
  fib_rule_hdr header{};
  header.family = family(version);
  header.action = FR_ACT_TO_TBL;
  header.flags = FIB_RULE_INVERT;
  NetlinkRequest request(type, flags, header);
  request.put_u32(FRA_PRIORITY, kRulePreference)
      .put_u32(FRA_FWMARK, kMark)
      .put_u32(FRA_FWMASK, kMarkMask)
      .put_u32(FRA_TABLE, kRoutingTable);
  return request;
}

NetlinkRequest route_request(uint16_t type, uint16_t flags, const Route& route) {
  rtmsg header{};
  header.rtm_family = family(route.prefix.version());
  header.rtm_dst_len = static_cast<uint8_t>(route.prefix.length());
  header.rtm_table = RT_TABLE_COMPAT;  // the number is above 255: RTA_TABLE has it
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_type = route.unreachable ? RTN_UNREACHABLE : RTN_UNICAST;
  header.rtm_scope =
      !route.unreachable && route.prefix.version() == IpVersion::V4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  NetlinkRequest request(type, flags, header);
  request.put(RTA_DST, route.prefix.address().octets())
      .put_u32(RTA_TABLE, kRoutingTable)
      .put_u32(RTA_PRIORITY, route.metric);
  if (route.interface_index != 0) request.put_u32(RTA_OIF, route.interface_index);
  return request;
}

// Nothing when it is not a route of our table.
std::optional<Route> parse_route(const nlmsghdr& message, IpVersion version) {
  const auto* header = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(&message));
  if (message.nlmsg_type != RTM_NEWROUTE || header->rtm_family != family(version)) return std::nullopt;
  struct Parsed {
    uint32_t table = 0;
    Route route;
    IpAddress destination;
  } parsed;
  parsed.destination = IpPrefix::any(version).address();
  auto each = [](const nlattr* attribute, void* data) {
    auto& out = *static_cast<Parsed*>(data);
    switch (mnl_attr_get_type(attribute)) {
      case RTA_TABLE:
        out.table = mnl_attr_get_u32(attribute);
        break;
      case RTA_PRIORITY:
        out.route.metric = mnl_attr_get_u32(attribute);
        break;
      case RTA_OIF:
        out.route.interface_index = mnl_attr_get_u32(attribute);
        break;
      case RTA_DST: {
        const auto* octets = static_cast<const uint8_t*>(mnl_attr_get_payload(attribute));
        auto address = IpAddress::from_octets({octets, mnl_attr_get_payload_len(attribute)});
        if (address) out.destination = *address;
        break;
      }
      default:
        break;
    }
    return MNL_CB_OK;
  };
  if (mnl_attr_parse(&message, sizeof(rtmsg), each, &parsed) < 0) return std::nullopt;
  if (parsed.table != kRoutingTable || header->rtm_dst_len > parsed.destination.bits()) return std::nullopt;
  parsed.route.prefix = IpPrefix(parsed.destination, header->rtm_dst_len);
  parsed.route.unreachable = header->rtm_type == RTN_UNREACHABLE;
  // IPv6 gives even an unreachable route an interface (lo).
  if (parsed.route.unreachable) parsed.route.interface_index = 0;
  return parsed.route;
}

}  // namespace

Result<void> add_rule(Netlink& netlink, IpVersion version) {
  NetlinkRequest request = rule_request(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, version);
  int error = netlink.request(request);
  if (error != 0 && error != EEXIST)
    return netlink_error("add the rule that leads to routing table 18519", error);
  return {};
}

Result<void> delete_rules(Netlink& netlink, IpVersion version) {
  while (true) {
    NetlinkRequest request = rule_request(RTM_DELRULE, 0, version);
    int error = netlink.request(request);
    if (error == ENOENT || error == EAFNOSUPPORT || error == EOPNOTSUPP) return {};
    if (error != 0) return netlink_error("delete the rule that leads to routing table 18519", error);
  }
}

Result<void> add_fail_closed_route(Netlink& netlink, const IpPrefix& prefix) {
  Route route{.prefix = prefix, .metric = kFailClosedMetric, .interface_index = 0, .unreachable = true};
  NetlinkRequest request = route_request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
  int error = netlink.request(request);
  if (error != 0 && error != EEXIST)
    return netlink_error("add the fail-closed route of " + prefix.to_string(), error);
  return {};
}

Result<void> add_tunnel_route(Netlink& netlink, const IpPrefix& prefix, uint32_t interface_index) {
  Route route{.prefix = prefix, .metric = kTunnelMetric, .interface_index = interface_index};
  NetlinkRequest request = route_request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
  int error = netlink.request(request);
  if (error == 0) return {};
  if (error != EEXIST) return netlink_error("add the route of " + prefix.to_string(), error);
  ASSIGN_OR_RETURN(std::vector<Route> routes, list_routes(netlink, prefix.version()));
  bool ours = std::ranges::any_of(routes, [&](const Route& r) {
    return r.prefix == prefix && r.metric == kTunnelMetric && r.interface_index == interface_index;
  });
  if (ours) return {};
  return Error{
      ErrorCode::AlreadyExists,
      "the remote prefix " + prefix.to_string() +
          " is already routed into another interface in routing table 18519; delete that route or change "
          "the prefix"};
}

Result<void> delete_route(Netlink& netlink, const Route& route) {
  NetlinkRequest request = route_request(RTM_DELROUTE, 0, route);
  int error = netlink.request(request);
  if (error != 0 && error != ESRCH && error != ENODEV && error != ENOENT)
    return netlink_error("delete the route of " + route.prefix.to_string(), error);
  return {};
}

Result<std::vector<Route>> list_routes(Netlink& netlink, IpVersion version) {
  rtmsg header{};
  header.rtm_family = family(version);
  NetlinkRequest request(RTM_GETROUTE, 0, header);
  request.put_u32(RTA_TABLE, kRoutingTable);
  std::vector<Route> routes;
  int error = netlink.dump(request, [&](const nlmsghdr& message) {
    if (auto route = parse_route(message, version)) routes.push_back(*route);
  });
  // ENOENT: the kernel has no such table yet.
  if (error != 0 && error != ENOENT && error != EAFNOSUPPORT && error != EOPNOTSUPP)
    return netlink_error("list routing table 18519", error);
  return routes;
}

}  // namespace hawser::dataplane
