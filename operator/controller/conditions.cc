#include "operator/controller/conditions.h"

#include <algorithm>
#include <utility>

#include "operator/api/status_limits.h"
#include "operator/api/text.h"

namespace hawser::controller {

using api::Condition;
using api::ConditionStatus;
using catalog::ConditionType;
using catalog::Reason;

const Condition* Conditions::previous(ConditionType type) const {
  return previous_ == nullptr ? nullptr : previous_->find(type);
}

const Condition* Conditions::find(ConditionType type) const {
  auto found = std::ranges::find(conditions_, type, &Condition::type);
  return found == conditions_.end() ? nullptr : &*found;
}

bool Conditions::is_true(ConditionType type) const {
  const Condition* condition = find(type);
  return condition != nullptr && condition->status == ConditionStatus::True;
}

void Conditions::set(ConditionType type, ConditionStatus status, Reason reason, std::string message,
                     int64_t observed_generation) {
  const Condition* before = previous(type);
  const bool moved = before == nullptr || before->status != status;
  Condition condition{type,
                      status,
                      reason,
                      api::fit(std::move(message), api::kMaxMessage),
                      observed_generation,
                      moved ? format_rfc3339(now_) : before->last_transition_time};
  conditions_.reserve(catalog::kConditions.size());
  auto place = std::ranges::find_if(conditions_, [&](const Condition& c) { return c.type > type; });
  conditions_.insert(place, std::move(condition));
}

void Conditions::keep(ConditionType type) {
  const Condition* before = previous(type);
  CHECK(before != nullptr);
  set(type, before->status, before->reason, before->message, before->observed_generation);
}

void Conditions::set_ready() {
  for (const Condition& condition : conditions_) {
    if (condition.status == ConditionStatus::True || condition.type >= ConditionType::Ready) continue;
    // What a text that cannot be read refers to is not known; Accepted says what is wrong with it.
    const bool may_be_unknown =
        condition.type == ConditionType::PfsVerified || condition.type == ConditionType::ResolvedRefs;
    if (may_be_unknown && condition.status == ConditionStatus::Unknown) continue;
    return set(ConditionType::Ready, condition.status, condition.reason, condition.message);
  }
  set(ConditionType::Ready, ConditionStatus::True, Reason::Ready, "");
}

}  // namespace hawser::controller
