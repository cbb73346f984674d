// Formats of single fields: what a schema says in an API server.
#include <algorithm>
#include <set>

#include "operator/api/names.h"
#include "operator/policy/rules.h"
#include "operator/policy/text.h"

namespace hawser::policy {
namespace {

using api::Kind;

constexpr int64_t kShortestDpd = 9;
constexpr int64_t kLongestDpd = 3600;

void check_prefixes(const api::ObjectKey& object, const std::vector<std::string>& prefixes, Findings& out) {
  for (size_t i = 0; i < prefixes.size(); ++i) {
    auto prefix = IpPrefix::parse(prefixes[i]);
    if (!prefix)
      out.push_back({object, indexed("spec.addressPrefixes", i),
                     prefix.error().message + "; allowed: an IPv4 or IPv6 CIDR with host bits zero"});
  }
}

void check_count(const api::ObjectKey& object, std::string field, size_t count, size_t least, Findings& out) {
  if (count >= least && count <= kMostEntries) return;
  out.push_back({object, std::move(field),
                 "has " + std::to_string(count) + " entries; allowed: " + std::to_string(least) + ".." +
                     std::to_string(kMostEntries) + "; " +
                     (count < least ? "add at least one" : "join neighbouring prefixes or remove some")});
}

void check_outer_address(const api::ObjectKey& object, std::string field, const std::string& text,
                         Findings& out) {
  if (outer_address(text)) return;
  out.push_back(
      {object, std::move(field),
       quoted(text) +
           " cannot be the end of a tunnel; allowed: a unicast IPv4 or IPv6 address, no name, port or "
           "zone; write the address that the peer can reach"});
}

void check_identity(const api::ObjectKey& object, std::string field,
                    const std::optional<std::string>& identity, Findings& out) {
  if (!identity) return;
  bool printable = std::ranges::all_of(*identity, [](unsigned char c) { return c >= 0x21 && c <= 0x7e; });
  if (printable && !identity->empty() && identity->size() <= api::kMaxIdentity) return;
  out.push_back({object, std::move(field),
                 quoted(*identity) +
                     " is not an identity; allowed: an IP address, a domain name or user@domain of 1..255 "
                     "characters 0x21-0x7E; leave the field out for the default"});
}

void check_name(const api::ObjectKey& object, std::string_view field, const std::string& name,
                Findings& out) {
  if (name.empty() || api::is_object_name(name)) return;  // the codec asks for one
  out.push_back({object, "spec." + std::string(field) + ".name",
                 quoted(name) +
                     " is not the name of an object; allowed: at most 253 characters a-z, 0-9, '-' and '.', "
                     "each part beginning and ending with a letter or digit; correct it"});
}

void check_labels(const api::VirtualNetworkGateway& gateway, Findings& out) {
  const api::ObjectKey object = key_of(Kind::VirtualNetworkGateway, gateway);
  const auto& labels = gateway.spec.node_selector;
  if (labels.size() > api::kMaxNodeLabels)
    out.push_back({object, "spec.nodeSelector",
                   "has " + std::to_string(labels.size()) + " labels; allowed: 0..16; remove some"});
  for (const auto& [key, value] : labels)
    if (!api::is_label_key(key) || !api::is_label_value(value))
      out.push_back({object, "spec.nodeSelector",
                     quoted(key) + ": " + quoted(value) +
                         " is not a label of Kubernetes; allowed: such as 'kubernetes.io/hostname': "
                         "'node-1'; copy it from kubectl get node --show-labels"});
}

}  // namespace

Findings check_prefix_format(const RuleInput& input) {
  Findings out;
  for (const auto& [key, network] : input.objects.virtual_networks) {
    api::ObjectKey object = key_of(Kind::VirtualNetwork, network);
    check_prefixes(object, network.spec.address_prefixes, out);
    for (size_t i = 0; i < network.spec.subnets.size(); ++i) {
      auto prefix = IpPrefix::parse(network.spec.subnets[i].address_prefix);
      if (!prefix)
        out.push_back({object, indexed("spec.subnets", i) + ".addressPrefix",
                       prefix.error().message + "; allowed: an IPv4 or IPv6 CIDR with host bits zero"});
    }
  }
  for (const auto& [key, site] : input.objects.local_network_gateways)
    check_prefixes(key_of(Kind::LocalNetworkGateway, site), site.spec.address_prefixes, out);
  return out;
}

Findings check_address_format(const RuleInput& input) {
  Findings out;
  for (const auto& [key, site] : input.objects.local_network_gateways)
    check_outer_address(key_of(Kind::LocalNetworkGateway, site), "spec.gatewayIpAddress",
                        site.spec.gateway_ip_address, out);
  for (const auto& [key, gateway] : input.objects.virtual_network_gateways)
    if (gateway.spec.public_ip_address)
      check_outer_address(key_of(Kind::VirtualNetworkGateway, gateway), "spec.publicIPAddress",
                          *gateway.spec.public_ip_address, out);
  return out;
}

Findings check_list_sizes(const RuleInput& input) {
  Findings out;
  for (const auto& [key, network] : input.objects.virtual_networks) {
    api::ObjectKey object = key_of(Kind::VirtualNetwork, network);
    check_count(object, "spec.addressPrefixes", network.spec.address_prefixes.size(), 1, out);
    check_count(object, "spec.subnets", network.spec.subnets.size(), 0, out);
  }
  for (const auto& [key, site] : input.objects.local_network_gateways)
    check_count(key_of(Kind::LocalNetworkGateway, site), "spec.addressPrefixes",
                site.spec.address_prefixes.size(), 1, out);
  return out;
}

Findings check_subnet_names(const RuleInput& input) {
  Findings out;
  for (const auto& [key, network] : input.objects.virtual_networks) {
    std::set<std::string_view> seen;
    for (size_t i = 0; i < network.spec.subnets.size(); ++i) {
      const std::string& name = network.spec.subnets[i].name;
      const bool fits = !name.empty() && api::characters(name) <= api::kMaxSubnetName;
      if (fits && seen.insert(name).second) continue;
      out.push_back({key_of(Kind::VirtualNetwork, network), indexed("spec.subnets", i) + ".name",
                     quoted(name) + (fits ? " is used twice; allowed: each name once; rename or remove one"
                                          : " is not a name; allowed: 1..80 characters; rename the subnet")});
    }
  }
  return out;
}

Findings check_dpd_timeout(const RuleInput& input) {
  Findings out;
  for (const auto& [key, connection] : input.objects.connections) {
    int64_t value = connection.spec.dpd_timeout_seconds;
    if (value >= kShortestDpd && value <= kLongestDpd) continue;
    out.push_back(
        {key_of(Kind::Connection, connection), "spec.dpdTimeoutSeconds",
         quoted(std::to_string(value)) + " is out of range; allowed: 9..3600 seconds; 45 is the default"});
  }
  return out;
}

Findings check_identities(const RuleInput& input) {
  Findings out;
  for (const auto& [key, connection] : input.objects.connections) {
    api::ObjectKey object = key_of(Kind::Connection, connection);
    check_identity(object, "spec.localIdentity", connection.spec.local_identity, out);
    check_identity(object, "spec.remoteIdentity", connection.spec.remote_identity, out);
  }
  return out;
}

Findings check_names(const RuleInput& input) {
  Findings out;
  for (const auto& [key, gateway] : input.objects.virtual_network_gateways) {
    check_name(key_of(Kind::VirtualNetworkGateway, gateway), "virtualNetworkRef",
               gateway.spec.virtual_network_ref, out);
    check_labels(gateway, out);
  }
  for (const auto& [key, connection] : input.objects.connections) {
    const api::ObjectKey object = key_of(Kind::Connection, connection);
    const auto& spec = connection.spec;
    check_name(object, "virtualNetworkGatewayRef", spec.virtual_network_gateway_ref, out);
    check_name(object, "localNetworkGatewayRef", spec.local_network_gateway_ref, out);
    if (spec.ipsec_policy_ref) check_name(object, "ipsecPolicyRef", *spec.ipsec_policy_ref, out);
    check_name(object, "sharedKeySecretRef", spec.shared_key_secret_ref.name, out);
    if (!api::is_data_key(spec.shared_key_secret_ref.key))
      out.push_back({object, "spec.sharedKeySecretRef.key",
                     quoted(spec.shared_key_secret_ref.key) +
                         " is not a key of a Secret; allowed: 1..253 characters a-z, A-Z, 0-9, '-', '_' and "
                         "'.', not beginning with '..'; correct it, or leave it out for 'psk'"});
  }
  return out;
}

Findings check_address_families(const RuleInput& input) {
  Findings out;
  for (const auto& [key, connection] : input.objects.connections) {
    const auto* gateway = gateway_of(input.objects, connection);
    const auto* site = site_of(input.objects, connection);
    if (gateway == nullptr || site == nullptr || !gateway->spec.public_ip_address) continue;
    auto local = outer_address(*gateway->spec.public_ip_address);
    auto remote = outer_address(site->spec.gateway_ip_address);
    if (!local || !remote) continue;
    std::string both = "gatewayIpAddress " + quoted(site->spec.gateway_ip_address) + " and publicIPAddress " +
                       quoted(*gateway->spec.public_ip_address);
    if (local->version() != remote->version())
      out.push_back(
          {key_of(Kind::Connection, connection), "spec.localNetworkGatewayRef",
           both + " are of different IP versions; allowed: both IPv4 or both IPv6; correct one of them"});
    else if (*local == *remote)
      out.push_back(
          {key_of(Kind::Connection, connection), "spec.localNetworkGatewayRef",
           both + " are the same; allowed: two addresses; gatewayIpAddress is that of the other side"});
  }
  return out;
}

}  // namespace hawser::policy
