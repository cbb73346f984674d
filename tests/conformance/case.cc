#include "tests/conformance/case.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "operator/api/object_set.h"

namespace hawser::conformance {
namespace {

std::map<std::string, std::string> parse_expect(const std::string& text) {
  std::map<std::string, std::string> out;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    const std::string line = text.substr(start, end - start);
    if (const size_t colon = line.find(": "); colon != std::string::npos)
      out[line.substr(0, colon)] = line.substr(colon + 2);
    start = end + 1;
  }
  return out;
}

}  // namespace

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path << " is missing";
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<Case> load_cases() {
  std::vector<Case> cases;
  for (const auto& entry :
       std::filesystem::directory_iterator(HAWSER_SOURCE_DIR "/tests/conformance/cases")) {
    const std::string folder = entry.path();
    Case c{entry.path().filename(), read_file(folder + "/broken.yaml"), read_file(folder + "/inside.yaml"),
           parse_expect(read_file(folder + "/broken.expect")), read_file(folder + "/inside.expect")};
    cases.push_back(std::move(c));
  }
  std::ranges::sort(cases, {}, &Case::name);
  return cases;
}

Verdict judge(const Texts& texts, const policy::DisabledRules& disabled) {
  Verdict verdict;
  api::ObjectSet objects;
  for (const auto& [name, text] : texts) {
    api::ParsedManifests parsed = api::parse_manifests(name, text);
    std::ranges::move(parsed.problems, std::back_inserter(verdict.problems));
    for (auto& object : parsed.objects)
      EXPECT_TRUE(api::insert(objects, object)) << "an object stands in two files";
  }
  std::ranges::move(policy::lint(objects, disabled), std::back_inserter(verdict.problems));
  verdict.violations = policy::validate(objects, {}, disabled);
  return verdict;
}

std::string to_string(const Verdict& verdict) {
  std::string out;
  for (const auto& problem : verdict.problems)
    out += api::to_string(problem) + " [" + problem.rule + "] " + problem.object + "\n";
  return out;
}

}  // namespace hawser::conformance
