// What the C++ rules say of one object alone. Reads a JSON object a line, writes a line for each:
//   {"refused": [{"rule": "POL-4", "field": "spec.ipsecIntegrity", "message": "…"}]}
// An empty list: accepted. `rule` is empty where the codec refuses the text itself.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "operator/api/codec.h"
#include "operator/api/object_set.h"
#include "operator/policy/policy.h"

namespace hawser {
namespace {

using Json = nlohmann::ordered_json;

Json judge(const std::string& line) {
  Json refused = Json::array();
  auto parsed = api::parse_manifests("line", line);
  for (const auto& problem : parsed.problems)
    if (problem.severity == api::Severity::Error)
      refused.push_back({{"rule", ""}, {"field", problem.field_path}, {"message", problem.message}});
  api::ObjectSet objects;
  for (auto& object : parsed.objects) api::insert(objects, object);
  for (const auto& violation : policy::validate(objects, {}))
    if (violation.severity == policy::Severity::Refuse)
      refused.push_back(
          {{"rule", violation.rule}, {"field", violation.field_path}, {"message", violation.message}});
  if (parsed.objects.empty() && refused.empty())
    refused.push_back({{"rule", ""}, {"field", ""}, {"message", "no object of hawser.dev"}});
  return {{"refused", std::move(refused)}};
}

}  // namespace
}  // namespace hawser

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);)
    std::cout << hawser::judge(line).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  return std::cout.flush() ? 0 : 1;
}
