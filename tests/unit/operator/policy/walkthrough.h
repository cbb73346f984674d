#pragma once

#include "operator/api/kinds.h"
#include "operator/policy/policy.h"

namespace hawser::policy {

// The seed's walkthrough as objects: one network, gateway, site, policy, connection and key. Every rule
// holds.
api::ObjectSet walkthrough();

// Rule ids of the violations, in order; "POL-6" only when asked for.
std::vector<std::string> broken_rules(const api::ObjectSet& objects, const AcceptedObjects& accepted = {});

}  // namespace hawser::policy
