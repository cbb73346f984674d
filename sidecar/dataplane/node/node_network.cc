#include "sidecar/dataplane/node/node_network.h"

#include <algorithm>
#include <map>

#include "sidecar/dataplane/node/constants.h"
#include "sidecar/dataplane/node/interface_name.h"
#include "sidecar/dataplane/node/links.h"
#include "sidecar/dataplane/node/routes.h"

namespace hawser::dataplane {
namespace {

constexpr std::array kVersions = {IpVersion::V4, IpVersion::V6};

bool has(const std::vector<IpPrefix>& prefixes, const IpPrefix& prefix) {
  return std::ranges::find(prefixes, prefix) != prefixes.end();
}

class NetlinkNodeNetwork final : public NodeNetwork {
 public:
  explicit NetlinkNodeNetwork(std::unique_ptr<Netlink> netlink) : netlink_(std::move(netlink)) {}

  Result<void> make_rules() {
    RETURN_IF_ERROR(add_rule(*netlink_, IpVersion::V4));
    // A node without IPv6 has nothing to protect there; an IPv6 prefix then fails in protect().
    auto v6 = add_rule(*netlink_, IpVersion::V6);
    if (!v6 && v6.error().code != ErrorCode::Unsupported) return v6;
    return {};
  }

  Result<void> protect(const TunnelSpec& spec) override {
    RETURN_IF_ERROR(refuse_what_others_carry(spec));
    // Somebody may have flushed it; it costs one exchange.
    RETURN_IF_ERROR(make_rules());
    Tunnel& tunnel = tunnels_[spec.connection];
    for (const IpPrefix& prefix : spec.remote_prefixes) {
      RETURN_IF_ERROR(add_fail_closed_route(*netlink_, prefix));
      if (!has(tunnel.fail_closed, prefix)) tunnel.fail_closed.push_back(prefix);
    }
    // A tunnel that has not opened carries nothing: what an earlier spec claimed for it is free again.
    return tunnel.routed.empty() ? unprotect(tunnel, spec.remote_prefixes) : Result<void>();
  }

  Result<void> attach(const TunnelSpec& spec) override {
    ASSIGN_OR_RETURN(uint32_t index, find_link_index(*netlink_, interface_name(spec.connection)));
    RETURN_IF_ERROR(set_up_link(*netlink_, index, spec.connection, spec.mtu));
    Tunnel& tunnel = tunnels_[spec.connection];
    for (const IpPrefix& prefix : spec.remote_prefixes) {
      RETURN_IF_ERROR(add_tunnel_route(*netlink_, prefix, index));
      if (!has(tunnel.routed, prefix)) tunnel.routed.push_back(prefix);
    }
    return withdraw(tunnel, spec.remote_prefixes, index);
  }

  void release(const sa::ConnectionName& connection, bool keep_fail_closed) override {
    // With the interface its routes go.
    if (auto index = find_link_index(*netlink_, interface_name(connection)))
      (void)delete_link(*netlink_, *index);
    auto tunnel = tunnels_.find(connection);
    if (tunnel == tunnels_.end()) return;
    if (!keep_fail_closed)
      for (const IpPrefix& prefix : tunnel->second.fail_closed)
        (void)delete_route(*netlink_, fail_closed_route(prefix));
    tunnels_.erase(tunnel);
  }

  Result<void> remove_leftovers() override {
    ASSIGN_OR_RETURN(std::vector<Link> links, list_links(*netlink_));
    for (const Link& link : links) {
      bool known =
          std::ranges::any_of(tunnels_, [&](const auto& t) { return interface_name(t.first) == link.name; });
      if (is_interface_name(link.name) && !known) RETURN_IF_ERROR(delete_link(*netlink_, link.index));
    }
    for (IpVersion version : kVersions) {
      ASSIGN_OR_RETURN(std::vector<Route> routes, list_routes(*netlink_, version));
      for (const Route& route : routes) {
        bool known = std::ranges::any_of(
            tunnels_, [&](const auto& t) { return has(t.second.fail_closed, route.prefix); });
        if (!known) RETURN_IF_ERROR(delete_route(*netlink_, route));
      }
    }
    return {};
  }

 private:
  struct Tunnel {
    std::vector<IpPrefix> fail_closed;
    std::vector<IpPrefix> routed;
  };

  // The longer of two nested prefixes would take packets out of the other's tunnel, and both would look well.
  Result<void> refuse_what_others_carry(const TunnelSpec& spec) const {
    for (const auto& [name, tunnel] : tunnels_)
      for (const IpPrefix& theirs : tunnel.fail_closed)
        for (const IpPrefix& prefix : spec.remote_prefixes)
          if (name != spec.connection && theirs.overlaps(prefix))
            return Error{
                ErrorCode::AlreadyExists,
                "the remote prefix " + prefix.to_string() + " of " + spec.connection + " overlaps " +
                    theirs.to_string() + " of " + name +
                    ", which this node carries; take other addressPrefixes for one of the two sites, or "
                    "another node (nodeSelector) for one of the two gateways"};
    return {};
  }

  static Route fail_closed_route(const IpPrefix& prefix) {
    return {.prefix = prefix, .metric = kFailClosedMetric, .interface_index = 0, .unreachable = true};
  }

  // New routes are in; now the old ones, each tunnel route before its fail-closed one.
  Result<void> withdraw(Tunnel& tunnel, const std::vector<IpPrefix>& wanted, uint32_t interface_index) {
    for (const IpPrefix& prefix : tunnel.routed)
      if (!has(wanted, prefix))
        RETURN_IF_ERROR(delete_route(
            *netlink_, {.prefix = prefix, .metric = kTunnelMetric, .interface_index = interface_index}));
    tunnel.routed = wanted;
    return unprotect(tunnel, wanted);
  }

  Result<void> unprotect(Tunnel& tunnel, const std::vector<IpPrefix>& wanted) {
    for (const IpPrefix& prefix : tunnel.fail_closed)
      if (!has(wanted, prefix)) RETURN_IF_ERROR(delete_route(*netlink_, fail_closed_route(prefix)));
    tunnel.fail_closed = wanted;
    return {};
  }

  std::unique_ptr<Netlink> netlink_;
  std::map<sa::ConnectionName, Tunnel> tunnels_;
};

}  // namespace

Result<std::unique_ptr<NodeNetwork>> NodeNetwork::open() {
  ASSIGN_OR_RETURN(auto netlink, Netlink::open());
  auto network = std::make_unique<NetlinkNodeNetwork>(std::move(netlink));
  RETURN_IF_ERROR(network->make_rules());
  return std::unique_ptr<NodeNetwork>(std::move(network));
}

}  // namespace hawser::dataplane
