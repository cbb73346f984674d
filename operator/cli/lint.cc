#include "operator/cli/lint.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <tuple>

#include "operator/policy/policy.h"

namespace hawser::cli {
namespace {

using Json = nlohmann::ordered_json;

const char* word(api::Severity severity) { return severity == api::Severity::Error ? "error" : "warning"; }

Json to_json(const api::Problem& problem) {
  return {{"file", problem.position.file},
          {"line", problem.position.line},
          {"column", problem.position.column},
          {"severity", word(problem.severity)},
          {"object", problem.object},
          {"fieldPath", problem.field_path},
          {"rule", problem.rule},
          {"message", problem.message}};
}

Json to_json(const std::vector<api::Problem>& problems, size_t errors) {
  Json list = Json::array();
  for (const auto& problem : problems) list.push_back(to_json(problem));
  return {{"problems", std::move(list)}, {"errors", errors}, {"warnings", problems.size() - errors}};
}

}  // namespace

std::vector<api::Problem> lint_problems(LoadedManifests manifests) {
  std::vector<api::Problem> problems = std::move(manifests.problems);
  std::ranges::move(policy::lint(manifests.objects), std::back_inserter(problems));
  std::ranges::stable_sort(problems, [](const api::Problem& a, const api::Problem& b) {
    return std::tie(a.position.file, a.position.line, a.position.column) <
           std::tie(b.position.file, b.position.line, b.position.column);
  });
  return problems;
}

int lint(const LintOptions& options, std::ostream& out, std::ostream& err) {
  if (!options.output.empty() && options.output != "json") {
    err << "hawser lint: -o '" << options.output << "': use json\n";
    return 2;
  }
  auto manifests = load_manifests(options.paths);
  if (!manifests) {
    err << "hawser lint: " << manifests.error().message << "\n";
    return 2;
  }
  const auto problems = lint_problems(std::move(manifests).value());
  const auto errors = static_cast<size_t>(std::ranges::count(
      problems, api::Severity::Error, [](const auto& problem) { return problem.severity; }));
  if (options.output == "json") {
    out << to_json(problems, errors).dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  } else {
    for (const auto& problem : problems) out << api::to_string(problem) << "\n";
  }
  return errors == 0 ? 0 : 1;
}

}  // namespace hawser::cli
