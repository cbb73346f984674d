#include "operator/crd/definition.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "operator/api/codec.h"
#include "operator/crd/reference.h"
#include "operator/policy/rules.h"

namespace hawser::crd {
namespace {

using Json = nlohmann::ordered_json;
using testing::Contains;
using testing::EndsWith;
using testing::IsEmpty;

constexpr const char* kFolder = HAWSER_SOURCE_DIR "/crds";

std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

Json schema_of(const DefinitionFile& file) {
  auto json = api::from_yaml(file.text);
  EXPECT_TRUE(json) << file.name;
  return json->at("spec").at("versions").at(0).at("schema").at("openAPIV3Schema");
}

// Every schema in it, with its path.
template <typename Visit>
void each_schema(const Json& schema, const std::string& path, Visit visit) {
  visit(schema, path);
  if (auto it = schema.find("properties"); it != schema.end())
    for (const auto& [name, inner] : it->items()) each_schema(inner, path + "." + name, visit);
  for (const char* inner : {"items", "additionalProperties"})
    if (auto it = schema.find(inner); it != schema.end())
      each_schema(*it, path + (inner[0] == 'i' ? "[]" : "{}"), visit);
}

TEST(Definitions, AreWhatStandsInTheFolder) {
  std::set<std::string> written;
  for (const auto& file : definitions()) {
    written.insert(file.name);
    EXPECT_EQ(read_file(std::string(kFolder) + "/" + file.name), file.text)
        << "run: ninja -C build/asan regen && build/asan/bin/regen .";
  }
  for (const auto& entry : std::filesystem::directory_iterator(kFolder))
    if (entry.path().extension() == ".yaml") {
      EXPECT_THAT(written, Contains(entry.path().filename().string()));
    }
}

TEST(Reference, IsWhatStandsInTheFolder) {
  EXPECT_EQ(read_file(HAWSER_SOURCE_DIR "/docs/reference.md"), reference())
      << "run: ninja -C build/asan regen && build/asan/bin/regen .";
}

TEST(Definitions, DescribeAndBoundEveryField) {
  for (const auto& file : definitions())
    each_schema(schema_of(file), "", [&](const Json& schema, const std::string& path) {
      const std::string where = file.name + " " + path;
      const std::string type = schema.value("type", "");
      if (path.ends_with(".metadata") || path.empty()) return;
      const bool entry = path.ends_with("[]") || path.ends_with("{}");
      EXPECT_EQ(schema.contains("description"), !entry) << where;
      // That of the status is no value of a field that anybody sets.
      if (auto value = schema.find("default"); value != schema.end() && path != ".status") {
        const std::string shown = value->is_string() ? value->get<std::string>() : value->dump();
        EXPECT_THAT(schema.at("description").get<std::string>(), EndsWith(" Default: " + shown + "."))
            << where;
      }
      if (path == ".apiVersion" || path == ".kind") return;
      // What bounds the type.
      const std::map<std::string, std::vector<std::string>> bounds = {
          {"string", {"maxLength", "enum"}},
          {"integer", {"maximum"}},
          {"array", {"maxItems"}},
          {"object", {"properties", "maxProperties"}},
          {"boolean", {"type"}}};
      EXPECT_TRUE(std::ranges::any_of(bounds.at(type), [&](const auto& bound) {
        return schema.contains(bound);
      })) << where;
      EXPECT_EQ(type == "array", schema.contains("x-kubernetes-list-type")) << where;
    });
}

// One long cell would push the rest of `kubectl get` off the screen.
TEST(Definitions, ShowListsAndMessagesInWideTablesOnly) {
  for (const auto& file : definitions()) {
    auto json = api::from_yaml(file.text);
    ASSERT_TRUE(json) << file.name;
    for (const auto& column : json->at("spec").at("versions").at(0).at("additionalPrinterColumns")) {
      const std::string name = column.at("name");
      if (name == "Prefixes" || name == "Message") {
        EXPECT_EQ(column.value("priority", 0), 1) << file.name << " " << name;
      }
    }
  }
}

TEST(Definitions, HaveEachCheckAtItsPlaceOnce) {
  std::multiset<std::string> placed;
  for (const auto& file : definitions())
    each_schema(schema_of(file), "", [&](const Json& schema, const std::string& path) {
      for (const auto& check : schema.value("x-kubernetes-validations", Json::array()))
        placed.insert(file.name + path + ": " + check.at("rule").get<std::string>());
    });
  for (const auto& rule : policy::rules())
    for (const auto& check : rule.cel) {
      const std::string name = definition(check.kind).name + "." + std::string(check.at) + ": ";
      auto found = placed.find(name + std::string(check.expression));
      ASSERT_NE(found, placed.end()) << rule.id << " has no place " << name;
      placed.erase(found);
    }
  EXPECT_THAT(placed, IsEmpty());
}

}  // namespace
}  // namespace hawser::crd
