#include "common/catalog/reasons.h"

#include <algorithm>

#include "common/base/check.h"

namespace hawser::catalog {
namespace {

consteval bool reasons_are_in_order() {
  for (size_t i = 0; i < kReasons.size(); ++i)
    if (static_cast<size_t>(kReasons[i].reason) != i) return false;
  return true;
}
consteval bool conditions_are_in_order() {
  for (size_t i = 0; i < kConditions.size(); ++i)
    if (static_cast<size_t>(kConditions[i].type) != i) return false;
  return true;
}
static_assert(reasons_are_in_order());
static_assert(conditions_are_in_order());

}  // namespace

std::string_view name(ConditionType type) { return kConditions[static_cast<size_t>(type)].name; }
std::string_view name(Reason reason) { return kReasons[static_cast<size_t>(reason)].name; }

const ReasonRow* find_reason(std::string_view text) {
  auto it = std::ranges::find(kReasons, text, &ReasonRow::name);
  return it == kReasons.end() ? nullptr : &*it;
}

const ConditionRow* find_condition(std::string_view text) {
  auto it = std::ranges::find(kConditions, text, &ConditionRow::name);
  return it == kConditions.end() ? nullptr : &*it;
}

const FaultRow* find_fault(Reason reason) {
  auto it = std::ranges::find(kFaults, reason, &FaultRow::reason);
  return it == kFaults.end() ? nullptr : &*it;
}

}  // namespace hawser::catalog
