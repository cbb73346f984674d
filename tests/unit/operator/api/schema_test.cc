#include "operator/api/schema.h"

#include <gmock/gmock.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "operator/api/codec.h"

namespace hawser::api {
namespace {

using testing::UnorderedElementsAre;

void for_each_row(std::span<const FieldRow> rows, const std::function<void(const FieldRow&)>& visit) {
  for (const auto& row : rows) {
    visit(row);
    for_each_row(row.fields, visit);
  }
}

void for_all_kinds(const std::function<void(const FieldRow&)>& visit) {
  for (const auto& kind : kKinds) for_each_row(spec_fields(kind.kind), visit);
}

TEST(Schema, EveryFieldHasADescription) {
  for_all_kinds([](const FieldRow& row) {
    EXPECT_GT(row.description.size(), 10U) << row.name;
    EXPECT_TRUE(row.description.ends_with(".")) << row.name;
  });
}

TEST(Schema, EveryDefaultIsAllowed) {
  for_all_kinds([](const FieldRow& row) {
    if (row.default_value.empty()) return;
    EXPECT_FALSE(row.required) << row.name;
    if (!row.values.empty()) {
      EXPECT_NE(std::ranges::find(row.values, row.default_value), row.values.end()) << row.name;
    }
    if (row.type == FieldType::Integer) {
      const int64_t value = std::stoll(std::string(row.default_value));
      EXPECT_TRUE(value >= row.min && value <= row.max) << row.name;
    }
  });
}

// The values a spec has by itself are the defaults of the table.
TEST(Schema, TheDefaultsOfTheTableAreThoseOfTheSpecs) {
  auto spec_of = [](AnyObject object) { return spec_to_json(object); };
  const std::pair<Kind, nlohmann::ordered_json> specs[] = {
      {Kind::VirtualNetworkGateway, spec_of(VirtualNetworkGateway{})},
      {Kind::IpsecPolicy, spec_of(IpsecPolicy{})},
      {Kind::Connection, spec_of(Connection{})},
  };
  for (const auto& [kind, spec] : specs) {
    for (const auto& row : spec_fields(kind)) {
      if (row.default_value.empty()) continue;
      const auto& value = spec.at(std::string(row.name));
      EXPECT_EQ(value.is_string() ? value.get<std::string>() : value.dump(), row.default_value) << row.name;
    }
  }
}

TEST(Schema, EveryFieldOfTheTableIsBound) {
  for (const auto& kind : kKinds) {
    if (kind.kind == Kind::Secret) continue;
    std::string text = "apiVersion: hawser.dev/v1alpha1\nkind: " + std::string(kind.name) +
                       "\nmetadata: {name: x}\nspec: {}\n";
    ParsedManifests parsed = parse_manifests("f.yaml", text);
    std::set<std::string> asked;
    for (const auto& problem : parsed.problems) asked.insert(problem.field_path);
    for (const auto& row : spec_fields(kind.kind)) {
      if (row.required && row.required_rule.empty()) {
        EXPECT_TRUE(asked.contains("spec." + std::string(row.name))) << row.name;
      }
    }
  }
}

TEST(Schema, TheEnumsAreThoseOfThePolicyRules) {
  auto values = [](std::string_view name) {
    auto span = find_field(spec_fields(Kind::IpsecPolicy), name)->values;
    return std::vector<std::string_view>(span.begin(), span.end());
  };
  EXPECT_THAT(values("ikeEncryption"), UnorderedElementsAre("AES256", "AES192", "AES128", "DES3", "DES"));
  EXPECT_THAT(values("ikeIntegrity"), UnorderedElementsAre("SHA384", "SHA256", "SHA1", "MD5"));
  EXPECT_THAT(values("dhGroup"), UnorderedElementsAre("ECP384", "ECP256", "DHGroup24", "DHGroup14",
                                                      "DHGroup2048", "DHGroup2", "DHGroup1"));
  EXPECT_THAT(values("ipsecEncryption"), UnorderedElementsAre("GCMAES256", "GCMAES192", "GCMAES128", "AES256",
                                                              "AES192", "AES128", "DES3", "DES", "None"));
  EXPECT_THAT(values("ipsecIntegrity"),
              UnorderedElementsAre("GCMAES256", "GCMAES192", "GCMAES128", "SHA256", "SHA1", "MD5"));
  EXPECT_THAT(values("pfsGroup"), UnorderedElementsAre("PFS24", "ECP384", "ECP256", "PFS2048", "PFS14",
                                                       "PFSMM", "PFS2", "PFS1", "None", "none"));
}

}  // namespace
}  // namespace hawser::api
