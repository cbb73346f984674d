#include <algorithm>
#include <tuple>

#include "operator/policy/rules.h"

namespace hawser::policy {

std::vector<Violation> validate(const api::ObjectSet& objects, const AcceptedObjects& accepted,
                                const DisabledRules& disabled) {
  std::vector<Violation> out;
  RuleInput input{objects, accepted};
  for (const RuleRow& rule : rules()) {
    if (disabled.contains(rule.id)) continue;
    for (Finding& finding : rule.check(input))
      out.push_back({std::string(rule.id), rule.severity, std::move(finding.object),
                     std::move(finding.field_path), rule.reason, std::move(finding.message)});
  }
  std::ranges::stable_sort(out, [](const Violation& a, const Violation& b) {
    return std::tie(a.object, a.rule, a.field_path) < std::tie(b.object, b.rule, b.field_path);
  });
  return out;
}

}  // namespace hawser::policy
