// What the C++ rules say of one object alone. Reads a JSON object a line, writes a line for each:
//   {"refused": [{"rule": "POL-4", "field": "spec.ipsecIntegrity", "message": "…"}]}
// An empty list: accepted. `rule` is empty where the codec refuses the text itself.
// `rules_oracle --cel` writes one line instead: what the API server says for each rule, and at which field:
//   {"POL-3": [{"field": "spec.dhGroup", "message": "…", "computed": false}]}
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "operator/api/codec.h"
#include "operator/api/object_set.h"
#include "operator/policy/policy.h"
#include "operator/policy/rules.h"

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

// `computed`: the message has the value in it and is the C++ rule's own.
Json cel_messages() {
  Json out = Json::object();
  for (const auto& rule : policy::rules())
    for (const auto& check : rule.cel)
      out[std::string(rule.id)].push_back({{"field", std::string(check.at) + std::string(check.field_path)},
                                           {"message", check.message},
                                           {"computed", !check.message_expression.empty()}});
  return out;
}

}  // namespace
}  // namespace hawser

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--cel") {
    std::cout << hawser::cel_messages().dump() << '\n';
    return std::cout.flush() ? 0 : 1;
  }
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);)
    std::cout << hawser::judge(line).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  return std::cout.flush() ? 0 : 1;
}
