#include "operator/policy/text.h"

#include <algorithm>
#include <tuple>

#include "operator/api/text.h"

namespace hawser::policy {
namespace {

// Levenshtein's distance by rows; the words are a dozen characters.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

template <typename Map>
const typename Map::mapped_type* look_up(const Map& map, std::string_view namespace_, std::string_view name) {
  auto it = map.find(api::map_key(namespace_, name));
  return it == map.end() ? nullptr : &it->second;
}

}  // namespace

std::string quoted(std::string_view text) {
  constexpr size_t kLongest = 64;
  std::string out = "'" + std::string(text.substr(0, kLongest));
  return out + (text.size() > kLongest ? "…'" : "'");
}

std::string join(std::span<const std::string_view> words) {
  std::string out;
  for (auto word : words) out += (out.empty() ? "" : ", ") + std::string(word);
  return out;
}

std::string indexed(std::string_view field, size_t index) {
  return std::string(field) + "[" + std::to_string(index) + "]";
}

std::string_view nearest(std::string_view text, std::span<const std::string_view> candidates) {
  constexpr size_t kLongestWord = 32;
  constexpr size_t kMostEdits = 2;
  if (text.size() > kLongestWord) return {};
  std::string wanted = api::lower(text);
  std::string_view best;
  size_t best_distance = kMostEdits + 1;
  for (auto candidate : candidates) {
    size_t edits = distance(wanted, api::lower(candidate));
    if (edits >= best_distance || edits >= candidate.size()) continue;
    best_distance = edits;
    best = candidate;
  }
  return best;
}

std::vector<IndexedPrefix> well_formed(const std::vector<std::string>& texts) {
  std::vector<IndexedPrefix> out;
  for (size_t i = 0; i < std::min(texts.size(), kMostEntries); ++i)
    if (auto prefix = IpPrefix::parse(texts[i])) out.push_back({i, *prefix});
  return out;
}

std::optional<IpAddress> outer_address(std::string_view text) {
  auto address = IpAddress::parse(text);
  if (!address || address->is_unspecified() || address->is_multicast() || address->is_broadcast() ||
      address->is_loopback() || address->is_v4_mapped() || (!address->is_v4() && address->is_link_local()))
    return std::nullopt;
  return *address;
}

bool wins(const RuleInput& input, const api::ObjectKey& a, const api::ObjectMeta& a_meta,
          const api::ObjectKey& b, const api::ObjectMeta& b_meta) {
  auto standing = [&](const api::ObjectKey& key) {
    auto found = input.accepted.find(key);
    return found == input.accepted.end() ? Standing::Never : found->second;
  };
  if (standing(a) != standing(b)) return standing(a) > standing(b);
  // RFC 3339 in UTC sorts as text.
  return std::tie(a_meta.creation_timestamp, a.name, a.namespace_) <
         std::tie(b_meta.creation_timestamp, b.name, b.namespace_);
}

const api::VirtualNetworkGateway* gateway_of(const api::ObjectSet& objects,
                                             const api::Connection& connection) {
  return look_up(objects.virtual_network_gateways, connection.meta.namespace_,
                 connection.spec.virtual_network_gateway_ref);
}

const api::LocalNetworkGateway* site_of(const api::ObjectSet& objects, const api::Connection& connection) {
  return look_up(objects.local_network_gateways, connection.meta.namespace_,
                 connection.spec.local_network_gateway_ref);
}

const api::VirtualNetwork* network_of(const api::ObjectSet& objects,
                                      const api::VirtualNetworkGateway& gateway) {
  return look_up(objects.virtual_networks, gateway.meta.namespace_, gateway.spec.virtual_network_ref);
}

}  // namespace hawser::policy
