#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "operator/cli/manifests.h"

namespace hawser::cli {

// hawser lint PATH… [-o json]
struct LintOptions {
  std::vector<std::string> paths;
  std::string output;  // "" | "json"
};

// Every problem of the texts, the references and the rules, by place.
std::vector<api::Problem> lint_problems(LoadedManifests manifests);

// Returns the exit code: 0 (warnings included), 1 (errors in the manifests) or 2 (usage, or a path that
// cannot be read).
int lint(const LintOptions& options, std::ostream& out, std::ostream& err);

}  // namespace hawser::cli
