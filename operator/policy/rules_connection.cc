// Rules of Connection, and those that only a connection brings together (contracts, section 2).
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "operator/policy/rules.h"
#include "operator/policy/text.h"

namespace hawser::policy {
namespace {

using api::Kind;

constexpr size_t kLongestKey = 128;

api::ObjectKey object_of(const api::Connection& connection) { return key_of(Kind::Connection, connection); }

// The rule a key breaks, in words that do not repeat the key; empty: none.
std::string key_problem(BytesView key) {
  if (!key.empty() && (key.back() == '\n' || key.back() == '\r'))
    return "ends with a newline, which the peer would not have; allowed: 1..128 characters 0x21-0x7E; store "
           "it without one "
           "(printf %s, not echo)";
  if (key.empty() || key.size() > kLongestKey)
    return "has " + std::to_string(key.size()) +
           " characters; allowed: 1..128 characters 0x21-0x7E; choose another key";
  if (!std::ranges::all_of(key, [](uint8_t c) { return c >= 0x21 && c <= 0x7e; }))
    return "has a space, a control character or one beyond ASCII; allowed: 1..128 characters 0x21-0x7E; "
           "choose another key";
  return {};
}

struct Site {
  const api::Connection* connection;
  const api::LocalNetworkGateway* site;
};

// The first pair that overlaps.
std::optional<std::pair<IpPrefix, IpPrefix>> overlap(const std::vector<std::string>& a,
                                                     const std::vector<std::string>& b) {
  auto right = well_formed(b);
  for (const auto& x : well_formed(a))
    for (const auto& y : right)
      if (x.prefix.overlaps(y.prefix)) return std::pair(x.prefix, y.prefix);
  return std::nullopt;
}

void check_against_network(const api::ObjectSet& objects, const api::VirtualNetworkGateway& gateway,
                           const Site& site, Findings& out) {
  const auto* network = network_of(objects, gateway);
  if (network == nullptr) return;
  auto found = overlap(site.site->spec.address_prefixes, network->spec.address_prefixes);
  if (!found) return;
  out.push_back({object_of(*site.connection), "spec.localNetworkGatewayRef",
                 quoted(found->first.to_string()) + " of " +
                     key_of(Kind::LocalNetworkGateway, *site.site).to_string() + " overlaps " +
                     found->second.to_string() +
                     " of the virtual network; allowed: prefixes apart; change "
                     "one of them"});
}

// What the sites of one gateway have taken so far. Prefixes of different sites never overlap in it, and
// nested ones of one site are kept as the widest, so only the neighbours of a prefix can overlap it: 1,000
// sites of 64 prefixes are no matter.
class ClaimedPrefixes {
 public:
  struct Claim {
    IpPrefix prefix;
    const api::Connection* connection;
  };

  std::optional<Claim> find_overlap(const IpPrefix& prefix) const {
    auto next = claims_.upper_bound(prefix);
    if (next != claims_.end() && prefix.contains(next->first)) return Claim{next->first, next->second};
    if (next == claims_.begin()) return std::nullopt;
    auto before = std::prev(next);
    if (!before->first.contains(prefix)) return std::nullopt;
    return Claim{before->first, before->second};
  }
  // REQUIRES: sorted, and without overlap with other sites.
  void add(const std::vector<IpPrefix>& prefixes, const api::Connection* connection) {
    for (const IpPrefix& prefix : prefixes)
      if (!find_overlap(prefix)) claims_.emplace(prefix, connection);
  }

 private:
  std::map<IpPrefix, const api::Connection*> claims_;
};

// Each connection against those that go before it; one that loses claims nothing, so it cannot refuse a
// third.
void check_against_other_sites(const RuleInput& input, std::vector<Site> sites, Findings& out) {
  std::ranges::sort(sites, [&](const Site& a, const Site& b) {
    return wins(input, object_of(*a.connection), a.connection->meta, object_of(*b.connection),
                b.connection->meta);
  });
  ClaimedPrefixes claimed;
  std::set<const api::LocalNetworkGateway*> seen;
  for (const Site& site : sites) {
    if (!seen.insert(site.site).second) continue;  // CON-4
    std::vector<IpPrefix> prefixes;
    for (const auto& entry : well_formed(site.site->spec.address_prefixes)) prefixes.push_back(entry.prefix);
    std::ranges::sort(prefixes);
    std::optional<ClaimedPrefixes::Claim> taken;
    auto loser = std::ranges::find_if(prefixes, [&](const IpPrefix& prefix) {
      taken = claimed.find_overlap(prefix);
      return taken.has_value();
    });
    if (loser == prefixes.end()) {
      claimed.add(prefixes, site.connection);
      continue;
    }
    out.push_back({object_of(*site.connection), "spec.localNetworkGatewayRef",
                   quoted(loser->to_string()) + " overlaps " + taken->prefix.to_string() + " of " +
                       object_of(*taken->connection).to_string() +
                       "; allowed: sites of one gateway have prefixes apart; change one of them"});
  }
}

}  // namespace

Findings check_policy_on_basic(const RuleInput& input) {
  Findings out;
  for (const auto& [key, connection] : input.objects.connections) {
    const auto* gateway = gateway_of(input.objects, connection);
    if (gateway == nullptr || !connection.spec.ipsec_policy_ref || gateway->spec.sku != "Basic") continue;
    out.push_back({object_of(connection), "spec.ipsecPolicyRef",
                   quoted(*connection.spec.ipsec_policy_ref) + " cannot be used, gateway " +
                       quoted(gateway->meta.name) +
                       " has SKU 'Basic'; allowed with a policy: every other SKU; change spec.sku of the "
                       "gateway or remove "
                       "the reference"});
  }
  return out;
}

Findings check_supported_connection(const RuleInput& input) {
  Findings out;
  for (const auto& [key, connection] : input.objects.connections) {
    const auto& spec = connection.spec;
    if (spec.use_policy_based_traffic_selectors)
      out.push_back({object_of(connection), "spec.usePolicyBasedTrafficSelectors",
                     "'true' is not supported on Azure Stack; allowed: false; remove the field, selectors "
                     "are any to any"});
    if (spec.connection_type != "IPsec")
      out.push_back({object_of(connection), "spec.connectionType",
                     quoted(spec.connection_type) + " is not supported; allowed: IPsec; remove the field"});
    if (spec.connection_protocol != "IKEv2")
      out.push_back({object_of(connection), "spec.connectionProtocol",
                     quoted(spec.connection_protocol) +
                         " is not supported; allowed: IKEv2; set the peer to IKEv2 too"});
  }
  return out;
}

Findings check_shared_key(const RuleInput& input) {
  Findings out;
  for (const auto& [key, connection] : input.objects.connections) {
    const auto& ref = connection.spec.shared_key_secret_ref;
    auto secret = input.objects.secrets.find(api::map_key(connection.meta.namespace_, ref.name));
    if (secret == input.objects.secrets.end()) continue;
    auto value = secret->second.spec.values.find(ref.key);
    if (value == secret->second.spec.values.end()) continue;
    std::string problem = key_problem(value->second.view());
    if (!problem.empty())
      out.push_back({object_of(connection), "spec.sharedKeySecretRef",
                     "key " + quoted(ref.key) + " of Secret " + quoted(ref.name) + " " + problem});
  }
  return out;
}

Findings check_one_connection_per_pair(const RuleInput& input) {
  Findings out;
  std::map<std::string, std::vector<const api::Connection*>> pairs;
  for (const auto& [key, connection] : input.objects.connections)
    if (!connection.spec.virtual_network_gateway_ref.empty() &&
        !connection.spec.local_network_gateway_ref.empty())
      pairs[api::map_key(connection.meta.namespace_, connection.spec.virtual_network_gateway_ref) + " " +
            connection.spec.local_network_gateway_ref]
          .push_back(&connection);
  for (const auto& [pair, connections] : pairs) {
    const auto* winner = *std::ranges::min_element(connections, [&](const auto* a, const auto* b) {
      return wins(input, object_of(*a), a->meta, object_of(*b), b->meta);
    });
    for (const auto* connection : connections)
      if (connection != winner)
        out.push_back({object_of(*connection), "spec.localNetworkGatewayRef",
                       quoted(connection->spec.local_network_gateway_ref) + " is joined to gateway " +
                           quoted(connection->spec.virtual_network_gateway_ref) + " by " +
                           object_of(*winner).to_string() +
                           " already; allowed: one connection for a pair; remove one of the two"});
  }
  return out;
}

Findings check_prefixes_apart(const RuleInput& input) {
  Findings out;
  std::map<const api::VirtualNetworkGateway*, std::vector<Site>> by_gateway;
  for (const auto& [key, connection] : input.objects.connections) {
    const auto* gateway = gateway_of(input.objects, connection);
    const auto* site = site_of(input.objects, connection);
    if (gateway != nullptr && site != nullptr) by_gateway[gateway].push_back({&connection, site});
  }
  for (auto& [gateway, sites] : by_gateway) {
    for (const Site& site : sites) check_against_network(input.objects, *gateway, site, out);
    check_against_other_sites(input, std::move(sites), out);
  }
  return out;
}

}  // namespace hawser::policy
