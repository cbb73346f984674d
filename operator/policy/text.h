#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ip.h"
#include "operator/api/kinds.h"
#include "operator/policy/rules.h"

// Words and small look-ups that the rules share.
namespace hawser::policy {

std::string quoted(std::string_view text);
std::string join(std::span<const std::string_view> words);
std::string indexed(std::string_view field, size_t index);  // "spec.subnets[3]"
// The candidate that differs from `text` in case only or by at most two edits; empty when none does.
std::string_view nearest(std::string_view text, std::span<const std::string_view> candidates);

template <typename Spec>
api::ObjectKey key_of(api::Kind kind, const api::Object<Spec>& object) {
  return {kind, object.meta.namespace_, object.meta.name};
}

// Of a list in a spec (FMT-3).
inline constexpr size_t kMostEntries = 64;

// The prefixes that are well-formed, with their place in the list: the others are FMT-1's to report. No more
// than the first kMostEntries, whatever the list has: who compares each with each does no more work.
struct IndexedPrefix {
  size_t index = 0;
  IpPrefix prefix;
};
std::vector<IndexedPrefix> well_formed(const std::vector<std::string>& texts);

// A unicast address that can be a tunnel's end.
std::optional<IpAddress> outer_address(std::string_view text);

// Contracts, section 2: the one already accepted wins, then the older creationTimestamp, then the name.
bool wins(const RuleInput& input, const api::ObjectKey& a, const api::ObjectMeta& a_meta,
          const api::ObjectKey& b, const api::ObjectMeta& b_meta);

// Null when the reference leads nowhere.
const api::VirtualNetworkGateway* gateway_of(const api::ObjectSet& objects,
                                             const api::Connection& connection);
const api::LocalNetworkGateway* site_of(const api::ObjectSet& objects, const api::Connection& connection);
const api::VirtualNetwork* network_of(const api::ObjectSet& objects,
                                      const api::VirtualNetworkGateway& gateway);

}  // namespace hawser::policy
