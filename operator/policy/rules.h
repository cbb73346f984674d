#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/catalog/reasons.h"
#include "operator/api/kinds.h"
#include "operator/policy/cel.h"
#include "operator/policy/policy.h"

namespace hawser::policy {

// What a rule may look at.
struct RuleInput {
  const api::ObjectSet& objects;
  const AcceptedObjects& accepted;
};

// Where and how a rule is broken.
struct Finding {
  api::ObjectKey object;
  std::string field_path;
  std::string message;
};
using Findings = std::vector<Finding>;

// A row for each rule and severity. The id names the rule in messages, tests and documents; `summary` is the
// rule in a line. `check` is pure and finds every place at once. `cel` says the rule for the API server where
// it can be said within one object and the schema alone does not; empty elsewhere.
struct RuleRow {
  std::string_view id;
  Severity severity;
  catalog::Reason reason;
  Findings (*check)(const RuleInput&);
  std::string_view summary;
  std::span<const CelCheck> cel;
};
std::span<const RuleRow> rules();

// Formats of fields (contracts, section 1).
Findings check_prefix_format(const RuleInput&);
Findings check_address_format(const RuleInput&);
Findings check_list_sizes(const RuleInput&);
Findings check_subnet_names(const RuleInput&);
Findings check_dpd_timeout(const RuleInput&);
Findings check_identities(const RuleInput&);
Findings check_address_families(const RuleInput&);
Findings check_names(const RuleInput&);
// IpsecPolicy.
Findings check_algorithms_present(const RuleInput&);
Findings check_algorithm_values(const RuleInput&);
Findings check_seed_misprints(const RuleInput&);
Findings check_gcm_pair(const RuleInput&);
Findings check_lifetimes(const RuleInput&);
Findings check_weak_algorithms(const RuleInput&);
// VirtualNetwork and the gateways.
Findings check_subnets(const RuleInput&);
Findings check_gateway_subnet(const RuleInput&);
Findings check_small_gateway_subnet(const RuleInput&);
Findings check_one_gateway_per_network(const RuleInput&);
Findings check_connection_count(const RuleInput&);
Findings check_site_prefixes_apart(const RuleInput&);
Findings check_gateway_address_outside(const RuleInput&);
Findings check_one_site_per_address(const RuleInput&);
// Connection.
Findings check_policy_on_basic(const RuleInput&);
Findings check_supported_connection(const RuleInput&);
Findings check_shared_key(const RuleInput&);
Findings check_one_connection_per_pair(const RuleInput&);
Findings check_prefixes_apart(const RuleInput&);

}  // namespace hawser::policy
