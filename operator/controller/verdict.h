#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "operator/controller/conditions.h"
#include "operator/controller/decision.h"
#include "operator/policy/policy.h"

namespace hawser::controller {

// What rules and text say of every object, looked up by object.
class Verdicts {
 public:
  Verdicts(const Inputs& inputs);

  // Refusals of these objects under the condition `type` (Accepted or ResolvedRefs), in order.
  std::vector<const policy::Violation*> refusals(const std::vector<api::ObjectKey>& keys,
                                                 catalog::ConditionType type) const;
  // What is wrong with the present text of the object; null when nothing is.
  const std::string* broken(const api::ObjectKey& key) const;
  const std::map<api::ObjectKey, store::Fault>& all_broken() const { return broken_; }
  // Of the text that is there now, where the object in hand is the last good one.
  api::ObjectMeta present(const api::ObjectKey& key, api::ObjectMeta meta) const;
  // Why the object is missed: it is not there, or there and broken.
  std::string why(const policy::MissingReference& missing) const;
  const std::vector<policy::Violation>& all() const { return rules_->violations; }
  // For the next pass.
  const std::shared_ptr<const RuleVerdicts>& rules() const { return rules_; }

  // Accepted of an object that stands alone, or on the other `keys` too (the object itself is the first).
  void set_accepted(Conditions& conditions, const std::vector<api::ObjectKey>& keys) const;

 private:
  // With the objects that had a status and may be in a file that cannot be read: they are not known to be
  // gone.
  std::map<api::ObjectKey, store::Fault> broken_;
  std::shared_ptr<const RuleVerdicts> rules_;
};

// An edited object that was accepted before comes after those that were accepted as they are, and before all
// others.
policy::AcceptedObjects accepted_before(const Inputs& inputs);

}  // namespace hawser::controller
