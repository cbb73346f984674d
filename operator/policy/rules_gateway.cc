// Rules of VirtualNetwork, VirtualNetworkGateway and LocalNetworkGateway (contracts, section 2).
#include <algorithm>
#include <array>
#include <map>

#include "operator/policy/rules.h"
#include "operator/policy/text.h"

namespace hawser::policy {
namespace {

using api::Kind;

constexpr std::string_view kGatewaySubnet = "GatewaySubnet";
constexpr int kSmallestGatewaySubnet = 29;
constexpr int kRecommendedGatewaySubnet = 28;

// Connections a gateway of Azure Stack carries, by SKU (VNG-3).
struct SkuRow {
  std::string_view sku;
  size_t connections;
};
constexpr std::array kSkus = std::to_array<SkuRow>(
    {{"Basic", 20}, {"Standard", 20}, {"HighPerformance", 10}, {"VpnGw1", 6}, {"VpnGw2", 4}, {"VpnGw3", 4}});

const api::Subnet* find_gateway_subnet(const api::VirtualNetwork& network) {
  auto it = std::ranges::find(network.spec.subnets, kGatewaySubnet, &api::Subnet::name);
  return it == network.spec.subnets.end() ? nullptr : &*it;
}

// Length of GatewaySubnet's prefix when it is a well-formed IPv4 one; -1 otherwise.
int gateway_subnet_length(const api::VirtualNetwork& network) {
  const auto* subnet = find_gateway_subnet(network);
  if (subnet == nullptr) return -1;
  auto prefix = IpPrefix::parse(subnet->address_prefix);
  return prefix && prefix->version() == IpVersion::V4 ? prefix->length() : -1;
}

struct IndexedSubnet {
  size_t index;
  const api::Subnet* subnet;
  IpPrefix prefix;
};

std::vector<IndexedSubnet> well_formed_subnets(const api::VirtualNetwork& network) {
  std::vector<IndexedSubnet> out;
  for (size_t i = 0; i < std::min(network.spec.subnets.size(), kMostEntries); ++i)
    if (auto prefix = IpPrefix::parse(network.spec.subnets[i].address_prefix))
      out.push_back({i, &network.spec.subnets[i], *prefix});
  return out;
}

// Whether no prefix lies in another, by looking at neighbours only: in this order what lies in a prefix
// follows it. Nearly always so, and 10,000 sites have 64 prefixes each.
template <typename Entries>
bool apart(const Entries& entries) {
  std::vector<IpPrefix> prefixes;
  for (const auto& entry : entries) prefixes.push_back(entry.prefix);
  std::ranges::sort(prefixes);
  return std::ranges::adjacent_find(
             prefixes, [](const IpPrefix& a, const IpPrefix& b) { return a.overlaps(b); }) == prefixes.end();
}

// Within each group of objects with one value, every object but the winner.
template <typename Spec, typename Value>
void refuse_younger(const RuleInput& input, Kind kind,
                    const std::map<std::string, api::Object<Spec>>& objects, Value value, std::string field,
                    std::string_view what_to_do, Findings& out) {
  std::map<std::string, std::vector<const api::Object<Spec>*>> groups;
  for (const auto& [key, object] : objects)
    if (std::string text = value(object); !text.empty()) groups[text].push_back(&object);
  for (const auto& [text, members] : groups) {
    const auto* winner = *std::ranges::min_element(members, [&](const auto* a, const auto* b) {
      return wins(input, key_of(kind, *a), a->meta, key_of(kind, *b), b->meta);
    });
    for (const auto* member : members)
      if (member != winner)
        out.push_back({key_of(kind, *member), field,
                       quoted(text) + " is taken by " + key_of(kind, *winner).to_string() + "; " +
                           std::string(what_to_do)});
  }
}

}  // namespace

Findings check_subnets(const RuleInput& input) {
  Findings out;
  for (const auto& [key, network] : input.objects.virtual_networks) {
    api::ObjectKey object = key_of(Kind::VirtualNetwork, network);
    auto spaces = well_formed(network.spec.address_prefixes);
    auto subnets = well_formed_subnets(network);
    const bool all_apart = apart(subnets);
    for (size_t i = 0; i < subnets.size(); ++i) {
      std::string field = indexed("spec.subnets", subnets[i].index) + ".addressPrefix";
      std::string value =
          quoted(subnets[i].prefix.to_string()) + " of subnet " + quoted(subnets[i].subnet->name);
      if (std::ranges::none_of(spaces,
                               [&](const auto& space) { return space.prefix.contains(subnets[i].prefix); }))
        out.push_back({object, field,
                       value + " is outside the network; allowed: a part of one of spec.addressPrefixes; "
                               "change it or add its prefix there"});
      for (size_t j = 0; j < i && !all_apart; ++j)
        if (subnets[i].prefix.overlaps(subnets[j].prefix))
          out.push_back({object, field,
                         value + " overlaps subnet " + quoted(subnets[j].subnet->name) + " (" +
                             subnets[j].prefix.to_string() +
                             "); allowed: subnets apart; change one of them"});
    }
  }
  return out;
}

Findings check_gateway_subnet(const RuleInput& input) {
  Findings out;
  for (const auto& [key, gateway] : input.objects.virtual_network_gateways) {
    const auto* network = network_of(input.objects, gateway);
    if (network == nullptr) continue;
    std::string where = "VirtualNetwork " + quoted(network->meta.name);
    if (find_gateway_subnet(*network) == nullptr)
      out.push_back(
          {key_of(Kind::VirtualNetworkGateway, gateway), "spec.virtualNetworkRef",
           where +
               " has no subnet named exactly 'GatewaySubnet'; allowed: one of /29 or larger; add it to its "
               "spec.subnets"});
    else if (int length = gateway_subnet_length(*network); length > kSmallestGatewaySubnet)
      out.push_back({key_of(Kind::VirtualNetworkGateway, gateway), "spec.virtualNetworkRef",
                     where + " has a GatewaySubnet of '/" + std::to_string(length) +
                         "'; allowed: /29 or larger; give it a shorter prefix, /27 is usual"});
  }
  return out;
}

Findings check_small_gateway_subnet(const RuleInput& input) {
  Findings out;
  for (const auto& [key, gateway] : input.objects.virtual_network_gateways) {
    const auto* network = network_of(input.objects, gateway);
    if (network == nullptr) continue;
    int length = gateway_subnet_length(*network);
    if (length > kRecommendedGatewaySubnet && length <= kSmallestGatewaySubnet)
      out.push_back({key_of(Kind::VirtualNetworkGateway, gateway), "spec.virtualNetworkRef",
                     "VirtualNetwork " + quoted(network->meta.name) + " has a GatewaySubnet of '/" +
                         std::to_string(length) +
                         "'; allowed, but Azure Stack recommends /28 or larger; give it a shorter prefix"});
  }
  return out;
}

Findings check_one_gateway_per_network(const RuleInput& input) {
  Findings out;
  refuse_younger(
      input, Kind::VirtualNetworkGateway, input.objects.virtual_network_gateways,
      [](const api::VirtualNetworkGateway& gateway) {
        // A name means another network in another namespace.
        return gateway.spec.virtual_network_ref.empty()
                   ? std::string()
                   : api::map_key(gateway.meta.namespace_, gateway.spec.virtual_network_ref);
      },
      "spec.virtualNetworkRef", "allowed: one gateway for a virtual network; remove one of the two gateways",
      out);
  return out;
}

Findings check_connection_count(const RuleInput& input) {
  std::map<const api::VirtualNetworkGateway*, size_t> counts;
  for (const auto& [key, connection] : input.objects.connections)
    ++counts[gateway_of(input.objects, connection)];
  Findings out;
  for (const auto& [key, gateway] : input.objects.virtual_network_gateways) {
    auto row = std::ranges::find(kSkus, gateway.spec.sku, &SkuRow::sku);
    auto count = counts.find(&gateway);
    if (row == kSkus.end() || count == counts.end() || count->second <= row->connections) continue;
    out.push_back({key_of(Kind::VirtualNetworkGateway, gateway), "spec.sku",
                   quoted(gateway.spec.sku) + " has " + std::to_string(count->second) +
                       " connections; allowed on Azure Stack: " + std::to_string(row->connections) +
                       "; they work here, choose another SKU to match Azure"});
  }
  return out;
}

Findings check_site_prefixes_apart(const RuleInput& input) {
  Findings out;
  for (const auto& [key, site] : input.objects.local_network_gateways) {
    auto prefixes = well_formed(site.spec.address_prefixes);
    if (apart(prefixes)) continue;
    for (size_t i = 0; i < prefixes.size(); ++i)
      for (size_t j = 0; j < i; ++j)
        if (prefixes[i].prefix.overlaps(prefixes[j].prefix))
          out.push_back(
              {key_of(Kind::LocalNetworkGateway, site), indexed("spec.addressPrefixes", prefixes[i].index),
               quoted(prefixes[i].prefix.to_string()) + " overlaps " + prefixes[j].prefix.to_string() +
                   "; allowed: prefixes apart; remove the smaller one"});
  }
  return out;
}

Findings check_gateway_address_outside(const RuleInput& input) {
  Findings out;
  for (const auto& [key, site] : input.objects.local_network_gateways) {
    auto address = outer_address(site.spec.gateway_ip_address);
    if (!address) continue;
    for (const auto& entry : well_formed(site.spec.address_prefixes))
      if (entry.prefix.contains(*address))
        out.push_back(
            {key_of(Kind::LocalNetworkGateway, site), "spec.gatewayIpAddress",
             quoted(address->to_string()) + " lies in the site's own prefix " + entry.prefix.to_string() +
                 "; allowed, but only the tunnel's own packets can reach it; use prefixes without it"});
  }
  return out;
}

Findings check_one_site_per_address(const RuleInput& input) {
  Findings out;
  refuse_younger(
      input, Kind::LocalNetworkGateway, input.objects.local_network_gateways,
      [](const api::LocalNetworkGateway& site) {
        auto address = outer_address(site.spec.gateway_ip_address);
        return address ? address->to_string() : std::string();
      },
      "spec.gatewayIpAddress",
      "allowed: one local network gateway for an address, in all namespaces; use that one", out);
  return out;
}

}  // namespace hawser::policy
