#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "operator/api/codec.h"
#include "operator/api/yaml_document.h"

namespace hawser::api {
namespace {

using Json = nlohmann::ordered_json;

TEST(YamlText, WritesBlockStyleInTheOrderOfTheKeys) {
  Json json = {{"kind", "Connection"},
               {"list", {{{"b", 1}, {"a", true}}, "x y"}},
               {"none", Json::array()},
               {"map", {{"k", nullptr}}}};
  EXPECT_EQ(to_yaml(json),
            "kind: Connection\nlist:\n- \"b\": 1\n  \"a\": true\n- \"x y\"\nnone: []\nmap:\n  \"k\": null\n");
}

TEST(YamlText, QuotesWhatAReaderWouldTakeForSomethingElse) {
  for (const char* text : {"true", "No", "123", "1e3", "a: b", "# x", "", "~", "2026-01-02", "line\nbreak",
                           "'", "\"", "\\", "y"}) {
    std::string yaml = to_yaml({{"value", text}});
    auto fault = for_each_document(yaml, [&](const YamlNode& root) {
      ASSERT_NE(root.find("value"), nullptr);
      EXPECT_EQ(root.find("value")->text, text);
      EXPECT_FALSE(root.find("value")->plain) << yaml;
    });
    EXPECT_FALSE(fault.has_value()) << yaml;
  }
}

TEST(YamlText, TextThatIsNotUtf8IsReplacedAndDoesNotThrow) {
  EXPECT_EQ(to_yaml({{"value", "a\xff"}}), "value: \"a\xef\xbf\xbd\"\n");
}

TEST(YamlText, ScalarsAndEmptyContainersStandAlone) {
  EXPECT_EQ(to_yaml(Json(5)), "5\n");
  EXPECT_EQ(to_yaml(Json::object()), "{}\n");
}

}  // namespace
}  // namespace hawser::api
