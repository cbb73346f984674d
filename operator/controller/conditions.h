#pragma once

#include <string>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "operator/api/status.h"

namespace hawser::controller {

// Builds the conditions of one object: in the order of the catalogue, with lastTransitionTime moved only
// where the status moved. One pass, one object.
class Conditions {
 public:
  // `previous` may be null (first visit) and lives as long as this.
  Conditions(const api::Status* previous, int64_t generation, WallTime now)
      : previous_(previous), generation_(generation), now_(now) {}

  // A message that is too long for a condition is cut.
  void set(catalog::ConditionType type, api::ConditionStatus status, catalog::Reason reason,
           std::string message) {
    set(type, status, reason, std::move(message), generation_);
  }
  // For what is about an older generation: the spec that is still in force.
  void set(catalog::ConditionType type, api::ConditionStatus status, catalog::Reason reason,
           std::string message, int64_t observed_generation);
  // As it was in the last pass. REQUIRES: previous(type) is not null.
  void keep(catalog::ConditionType type);
  // Ready from the others: the first that is not True. PfsVerified and ResolvedRefs count only when
  // they are False: a PFS that no rekey has proved yet does not make a working tunnel unready, and of a text
  // that cannot be read the references are not known.
  void set_ready();

  const api::Condition* previous(catalog::ConditionType type) const;
  const api::Condition* find(catalog::ConditionType type) const;
  bool is_true(catalog::ConditionType type) const;
  std::vector<api::Condition> take() { return std::move(conditions_); }

 private:
  const api::Status* previous_;
  int64_t generation_;
  WallTime now_;
  std::vector<api::Condition> conditions_;
};

}  // namespace hawser::controller
