#include <algorithm>
#include <tuple>

#include "operator/api/object_set.h"
#include "operator/policy/policy.h"
#include "operator/policy/text.h"

namespace hawser::policy {
namespace {

api::Problem to_problem(const api::ObjectSet& objects, const api::ObjectKey& object, api::Severity severity,
                        std::string field_path, std::string message, std::string rule) {
  const api::Positions* positions = api::positions_of(objects, object);
  return {
      severity,           positions != nullptr ? api::position_of(*positions, field_path) : api::Position{},
      object.to_string(), std::move(field_path),
      std::move(message), std::move(rule)};
}

void add_missing(const api::ObjectSet& objects, const api::ObjectKey& object,
                 std::vector<MissingReference> missing, std::vector<api::Problem>& out) {
  // A warning: the object may stand in another file, or in the cluster already.
  for (auto& reference : missing)
    out.push_back(to_problem(objects, object, api::Severity::Warning, std::move(reference.field_path),
                             std::move(reference.message), ""));
}

}  // namespace

std::vector<api::Problem> lint(const api::ObjectSet& objects, const DisabledRules& disabled) {
  std::vector<api::Problem> out;
  for (auto& violation : validate(objects, {}, disabled))
    out.push_back(
        to_problem(objects, violation.object,
                   violation.severity == Severity::Warn ? api::Severity::Warning : api::Severity::Error,
                   std::move(violation.field_path), std::move(violation.message), std::move(violation.rule)));
  for (const auto& [key, gateway] : objects.virtual_network_gateways)
    add_missing(objects, key_of(api::Kind::VirtualNetworkGateway, gateway), resolve(objects, gateway), out);
  for (const auto& [key, connection] : objects.connections) {
    std::vector<MissingReference> missing = resolve(objects, connection).missing;
    // The gateway has said that its network is missing.
    if (gateway_of(objects, connection) != nullptr)
      std::erase_if(missing,
                    [](const auto& m) { return m.reason == catalog::Reason::VirtualNetworkNotFound; });
    add_missing(objects, key_of(api::Kind::Connection, connection), std::move(missing), out);
  }
  std::ranges::stable_sort(out, [](const api::Problem& a, const api::Problem& b) {
    return std::tie(a.position.file, a.position.line, a.position.column) <
           std::tie(b.position.file, b.position.line, b.position.column);
  });
  return out;
}

}  // namespace hawser::policy
