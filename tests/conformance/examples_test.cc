// Every file of examples/ is a test input.
#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "operator/policy/rules.h"
#include "tests/conformance/case.h"

namespace hawser::conformance {
namespace {

using testing::ElementsAre;
using testing::MatchesRegex;

namespace fs = std::filesystem;

const std::string kExamples = HAWSER_SOURCE_DIR "/examples";

bool is_manifest(const fs::path& path) { return path.extension() == ".yaml" || path.extension() == ".json"; }

// Folders of examples that are to be used as they are.
std::vector<std::string> accepted_folders() {
  std::vector<std::string> folders;
  for (const auto& entry : fs::directory_iterator(kExamples))
    if (entry.is_directory() && entry.path().filename() != "refused")
      folders.push_back(entry.path().filename());
  std::ranges::sort(folders);
  return folders;
}

std::vector<std::string> refused_files() {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(kExamples + "/refused"))
    if (is_manifest(entry.path())) files.push_back(entry.path().stem());
  std::ranges::sort(files);
  return files;
}

std::string test_name(std::string text) {
  std::ranges::replace(text, '-', '_');
  return text;
}

class Accepted : public testing::TestWithParam<std::string> {};

TEST_P(Accepted, IsRefusedByNoRuleAndLacksNothing) {
  Texts texts;
  for (const auto& entry : fs::directory_iterator(kExamples + "/" + GetParam()))
    if (is_manifest(entry.path())) texts.emplace_back(entry.path().filename(), read_file(entry.path()));
  ASSERT_FALSE(texts.empty());
  const Verdict verdict = judge(texts);
  for (const auto& problem : verdict.problems) {
    // Azure's own names for weak algorithms are allowed to be shown; a reference to nothing is not.
    EXPECT_EQ(problem.severity, api::Severity::Warning) << to_string(verdict);
    EXPECT_EQ(problem.rule, "POL-6") << to_string(verdict);
  }
}

INSTANTIATE_TEST_SUITE_P(Examples, Accepted, testing::ValuesIn(accepted_folders()),
                         [](const auto& tested) { return test_name(tested.param); });

class Refused : public testing::TestWithParam<std::string> {};

TEST_P(Refused, BreaksTheRuleItNamesAndNoOther) {
  const std::string text = read_file(kExamples + "/refused/" + GetParam() + ".yaml");
  EXPECT_THAT(text.substr(0, text.find('\n')), MatchesRegex("# breaks " + GetParam() + ": .+"))
      << "the first line says which rule it breaks";
  std::vector<std::string> refused;
  const Verdict verdict = judge(text);
  for (const auto& problem : verdict.problems)
    if (problem.severity == api::Severity::Error) refused.push_back(problem.rule);
  EXPECT_THAT(refused, ElementsAre(GetParam())) << to_string(verdict);
}

INSTANTIATE_TEST_SUITE_P(Examples, Refused, testing::ValuesIn(refused_files()),
                         [](const auto& tested) { return test_name(tested.param); });

TEST(Examples, EveryRefusingRuleHasOne) {
  const std::vector<std::string> files = refused_files();
  for (const auto& row : policy::rules()) {
    if (row.severity != policy::Severity::Refuse) continue;
    EXPECT_NE(std::ranges::find(files, row.id), files.end())
        << "examples/refused/" << row.id << ".yaml is missing";
  }
}

}  // namespace
}  // namespace hawser::conformance
