#pragma once

#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "operator/api/codec.h"
#include "operator/policy/policy.h"

namespace hawser::conformance {

// One folder of cases/.
struct Case {
  std::string name;
  std::string broken;                         // text of broken.yaml
  std::string inside;                         // text of inside.yaml
  std::map<std::string, std::string> expect;  // broken.expect
  std::string expect_inside;

  const std::string& rule() const { return expect.at("rule"); }
  bool is_of_a_rule() const { return rule() != "-"; }
};
inline void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
// By name. The folder is part of the sources; whatever is missing in it fails the test.
std::vector<Case> load_cases();

std::string read_file(const std::string& path);

// Everything that is said of one set of texts (file name, text), each problem once.
struct Verdict {
  std::vector<api::Problem> problems;
  std::vector<policy::Violation> violations;
};
using Texts = std::vector<std::pair<std::string, std::string>>;
Verdict judge(const Texts& texts, const policy::DisabledRules& disabled = {});
inline Verdict judge(const std::string& text, const policy::DisabledRules& disabled = {}) {
  return judge(Texts{{"case.yaml", text}}, disabled);
}

// The printed lines, for comparing two verdicts and for messages of failures.
std::string to_string(const Verdict& verdict);

}  // namespace hawser::conformance
