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

TEST(YamlText, ReadsBackWhatItWrote) {
  Json json = {{"text", "No"},
               {"digits", "123"},
               {"number", -5},
               {"truth", true},
               {"nothing", nullptr},
               {"list", {1, "a b", {{"x", Json::array()}}}},
               {"map", {{"y", Json::object()}}}};
  auto again = from_yaml(to_yaml(json));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->dump(), json.dump());
}

TEST(YamlText, EscapesWhatYamlDoesNotPrint) {
  const std::string text =
      "\x7f\xc2\x85\xc2\x9f\xc2\xa0\xe2\x80\xa8\xef\xbb\xbf\xef\xbf\xbf\xf0\x9f\x8c\x8d\x01\x1b";
  const std::string yaml = to_yaml({{"value", text}});
  EXPECT_EQ(yaml,
            "value: \"\\u007f\\u0085\\u009f\xc2\xa0\\u2028\\ufeff\\uffff\xf0\x9f\x8c\x8d\\u0001\\u001b\"\n");
  auto again = from_yaml(yaml);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ((*again)["value"], text);
}

TEST(YamlText, RefusesToReadWhatItNeverWrites) {
  for (const char* text : {"", "a: 1\n---\nb: 2\n", "a: 1\na: 2\n", "[a]: 1\n", "a: [\n"}) {
    auto json = from_yaml(text);
    ASSERT_FALSE(json) << text;
    EXPECT_EQ(json.error().code, ErrorCode::InvalidArgument);
  }
}

TEST(YamlText, ScalarsAndEmptyContainersStandAlone) {
  EXPECT_EQ(to_yaml(Json(5)), "5\n");
  EXPECT_EQ(to_yaml(Json::object()), "{}\n");
}

}  // namespace
}  // namespace hawser::api
