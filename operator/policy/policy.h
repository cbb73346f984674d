#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/catalog/reasons.h"
#include "hawser/v1/state.pb.h"
#include "operator/api/codec.h"
#include "operator/api/kinds.h"
#include "operator/api/status.h"

// What the Azure Stack rules say of a set of objects. Pure: no clock, no I/O, no logging.
namespace hawser::policy {

enum class Severity : uint8_t { Refuse, Warn };

// One broken rule. The message has the value, what is allowed and what to do.
struct Violation {
  std::string rule;  // "POL-4"
  Severity severity = Severity::Refuse;
  api::ObjectKey object;
  std::string field_path;
  catalog::Reason reason =
      catalog::Reason::InvalidSpec;  // under Accepted (or ResolvedRefs: InvalidSharedKey)
  std::string message;
};

// Of an object where two exclude each other: the higher one wins (then the older creationTimestamp, then the
// name; contracts, section 2).
enum class Standing : uint8_t {
  Never,    // not accepted so far
  Earlier,  // accepted with an earlier spec: an edit cannot push out who is there
  Now,      // accepted with the spec it has
};
// Whoever is absent never was accepted.
using AcceptedObjects = std::map<api::ObjectKey, Standing>;

// Rules switched off, by id: for tests that prove each rule is needed.
using DisabledRules = std::set<std::string, std::less<>>;

// Every violation of every object in the set, at once, ordered by object then rule.
std::vector<Violation> validate(const api::ObjectSet& objects, const AcceptedObjects& accepted,
                                const DisabledRules& disabled = {});

// A reference that leads nowhere: reason under ResolvedRefs.
struct MissingReference {
  catalog::Reason reason{};
  std::string field_path;
  std::string message;
  api::ObjectKey object;  // what is missed; of a Secret that has not the key, the Secret
};

// The objects one connection stands on. Pointers into the ObjectSet; policy is null when none is referred to.
struct ResolvedConnection {
  const api::Connection* connection = nullptr;
  const api::VirtualNetworkGateway* gateway = nullptr;
  const api::VirtualNetwork* network = nullptr;
  const api::LocalNetworkGateway* site = nullptr;
  const api::IpsecPolicy* policy = nullptr;
  const SecretBytes* shared_key = nullptr;
};
struct Resolution {
  ResolvedConnection resolved;  // complete only when missing is empty
  std::vector<MissingReference> missing;
};
Resolution resolve(const api::ObjectSet& objects, const api::Connection& connection);
// The same for a gateway's virtualNetworkRef.
std::vector<MissingReference> resolve(const api::ObjectSet& objects,
                                      const api::VirtualNetworkGateway& gateway);

// The eight values in force: the policy's in canonical spelling, or the profile's one default proposal.
api::EffectivePolicy effective_policy(const api::IpsecPolicy* policy,
                                      const api::VirtualNetworkGateway& gateway);

// Names of the weak algorithms in it (rule POL-6), for the Weak condition; empty: none.
std::vector<std::string> weak_algorithms(const api::EffectivePolicy& policy);

// REQUIRES: resolution complete, no refusing violation. The result always passes spec::check.
v1::ConnectionSpec compile(const ResolvedConnection& connection);

// For `hawser lint` and for conformance: parse problems, broken references and rule violations of one set of
// files, with positions.
std::vector<api::Problem> lint(const api::ObjectSet& objects, const DisabledRules& disabled = {});

}  // namespace hawser::policy
