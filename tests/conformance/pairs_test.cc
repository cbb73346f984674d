#include <gmock/gmock.h>

#include <set>

#include "operator/policy/rules.h"
#include "tests/conformance/case.h"

namespace hawser::conformance {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = load_cases();
  return kCases;
}

std::string test_name(std::string text) {
  std::ranges::replace(text, '-', '_');
  return text;
}

std::set<std::string> rule_ids() {
  std::set<std::string> ids;
  for (const auto& row : policy::rules()) ids.emplace(row.id);
  return ids;
}

class Pair : public testing::TestWithParam<Case> {
 protected:
  std::string expected(const std::string& key) const {
    auto it = GetParam().expect.find(key);
    return it == GetParam().expect.end() ? "" : it->second;
  }
};

TEST_P(Pair, BreaksOnlyItsRuleAndSaysWhatToDo) {
  const Verdict verdict = judge(GetParam().broken);
  ASSERT_THAT(verdict.problems, SizeIs(1)) << to_string(verdict);
  const api::Problem& problem = verdict.problems[0];
  EXPECT_EQ(problem.rule.empty() ? "-" : problem.rule, GetParam().rule());
  EXPECT_EQ(problem.severity == api::Severity::Error ? "error" : "warning", expected("severity"));
  EXPECT_EQ(problem.object, expected("object"));
  EXPECT_EQ(problem.field_path, expected("field"));
  EXPECT_GT(problem.position.line, 0);
  EXPECT_GT(problem.position.column, 0);
  if (const std::string place = expected("place"); !place.empty()) {
    EXPECT_EQ(std::to_string(problem.position.line) + ":" + std::to_string(problem.position.column), place);
  }
  for (const char* key : {"value", "allowed", "todo"})
    ASSERT_NE(expected(key), "") << "the .expect file lacks " << key;
  const std::string line = api::to_string(problem);
  EXPECT_THAT(line, HasSubstr(problem.field_path));
  EXPECT_THAT(problem.message, HasSubstr(expected("value")));
  EXPECT_THAT(problem.message, ContainsRegex(expected("allowed")));
  EXPECT_THAT(problem.message, ContainsRegex(expected("todo")));
}

TEST_P(Pair, BecomesTheReasonOfItsCondition) {
  const Verdict verdict = judge(GetParam().broken);
  if (!GetParam().is_of_a_rule()) {
    EXPECT_THAT(verdict.violations, IsEmpty());
    return;
  }
  ASSERT_THAT(verdict.violations, SizeIs(1));
  EXPECT_EQ(catalog::name(verdict.violations[0].reason), expected("reason"));
  EXPECT_EQ(verdict.violations[0].object.to_string(), expected("object"));
}

TEST_P(Pair, JustInsideIsSilent) {
  EXPECT_EQ(GetParam().expect_inside, "nothing\n");
  const Verdict verdict = judge(GetParam().inside);
  EXPECT_THAT(verdict.problems, IsEmpty()) << to_string(verdict);
}

INSTANTIATE_TEST_SUITE_P(Cases, Pair, testing::ValuesIn(cases()),
                         [](const auto& tested) { return test_name(tested.param.name); });

class SwitchedOff : public testing::TestWithParam<std::string> {};

TEST_P(SwitchedOff, ChangesTheVerdictsOfItsOwnCasesAndOfNoOthers) {
  int changed = 0;
  for (const Case& c : cases()) {
    const std::string with = to_string(judge(c.broken));
    const std::string without = to_string(judge(c.broken, {GetParam()}));
    if (c.rule() == GetParam()) {
      EXPECT_NE(with, without) << c.name;
      EXPECT_EQ(without, "") << c.name << " is reported by another rule too";
      ++changed;
    } else {
      EXPECT_EQ(with, without) << c.name;
    }
  }
  EXPECT_GT(changed, 0) << "no case breaks this rule";
}

INSTANTIATE_TEST_SUITE_P(Rules, SwitchedOff, testing::ValuesIn(rule_ids()),
                         [](const auto& tested) { return test_name(tested.param); });

TEST(Pairs, EveryRowOfTheRuleTableHasACase) {
  for (const auto& row : policy::rules()) {
    const std::string severity = row.severity == policy::Severity::Refuse ? "error" : "warning";
    EXPECT_TRUE(std::ranges::any_of(
        cases(), [&](const Case& c) { return c.rule() == row.id && c.expect.at("severity") == severity; }))
        << row.id << " " << severity;
  }
}

TEST(Pairs, EveryRuleOfTheContractsIsInTheTable) {
  const std::set<std::string> ids = rule_ids();
  for (const char* id : {"POL-1", "POL-2", "POL-3", "POL-4", "POL-5", "POL-6", "CON-1", "CON-2", "CON-3",
                         "CON-4", "VNG-1", "VNG-2", "VNG-3", "NET-1", "LNG-1", "LNG-2"})
    EXPECT_TRUE(ids.contains(id)) << id;
}

}  // namespace
}  // namespace hawser::conformance
