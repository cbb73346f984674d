#include "common/catalog/reasons.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace hawser::catalog {
namespace {

// Kubernetes' API conventions: types and reasons are CamelCase.
bool camel_case(std::string_view text) {
  return !text.empty() && std::isupper(static_cast<unsigned char>(text[0])) != 0 &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0; });
}

TEST(Conditions, AreFoundByTheirNames) {
  for (const auto& row : kConditions) {
    EXPECT_TRUE(camel_case(row.name)) << row.name;
    EXPECT_EQ(name(row.type), row.name);
    EXPECT_EQ(find_condition(row.name), &row);
  }
  EXPECT_EQ(find_condition("ready"), nullptr);
  EXPECT_EQ(find_condition(""), nullptr);
}

TEST(Reasons, AreFoundByTheirNamesWhichAreUnique) {
  std::set<std::string_view> names;
  for (const auto& row : kReasons) {
    EXPECT_TRUE(camel_case(row.name)) << row.name;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(name(row.reason), row.name);
    EXPECT_EQ(find_reason(row.name), &row);
  }
  EXPECT_EQ(find_reason("Unknown"), nullptr);
}

TEST(Reasons, EveryConditionHasOne) {
  for (const auto& condition : kConditions)
    EXPECT_TRUE(std::ranges::any_of(kReasons, [&](const auto& row) { return row.type == condition.type; }))
        << condition.name;
}

TEST(Faults, HaveAReasonALabelAndAHint) {
  std::set<std::string_view> labels;
  for (const auto& row : kFaults) {
    EXPECT_TRUE(labels.insert(row.label).second) << row.label;
    EXPECT_TRUE(
        std::ranges::all_of(row.label, [](unsigned char c) { return std::islower(c) != 0 || c == '_'; }));
    EXPECT_GT(row.hint.size(), 10u) << row.label;
    EXPECT_EQ(find_fault(row.reason), &row);
    const ReasonRow& reason = kReasons[static_cast<size_t>(row.reason)];
    EXPECT_TRUE(reason.type == ConditionType::Established || reason.type == ConditionType::PfsVerified)
        << row.label;
  }
  for (Reason good : {Reason::Established, Reason::Connecting, Reason::WaitingForPeer, Reason::Ready})
    EXPECT_EQ(find_fault(good), nullptr) << name(good);
}

}  // namespace
}  // namespace hawser::catalog
