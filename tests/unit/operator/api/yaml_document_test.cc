#include "operator/api/yaml_document.h"

#include <gmock/gmock.h>

namespace hawser::api {
namespace {

using testing::HasSubstr;

int documents_of(std::string_view text) {
  int count = 0;
  auto fault = for_each_document(text, [&](const YamlNode&) { ++count; });
  EXPECT_FALSE(fault.has_value()) << fault->message;
  return count;
}

YamlFault fault_of(std::string_view text) {
  auto fault = for_each_document(text, [](const YamlNode&) {});
  EXPECT_TRUE(fault.has_value());
  return fault.value_or(YamlFault{});
}

TEST(YamlDocument, KeepsTypesQuotesAndPositions) {
  auto fault = for_each_document("a: 1\nb: \"1\"\nc:\n- x\n", [](const YamlNode& root) {
    ASSERT_TRUE(root.is_map());
    EXPECT_TRUE(root.find("a")->plain);
    EXPECT_FALSE(root.find("b")->plain);
    EXPECT_EQ(root.find("b")->line, 2);
    EXPECT_EQ(root.find("b")->column, 4);
    EXPECT_TRUE(root.find("c")->is_sequence());
    EXPECT_EQ(root.find("d"), nullptr);
  });
  EXPECT_FALSE(fault.has_value());
}

TEST(YamlDocument, CountsDocuments) {
  EXPECT_EQ(documents_of("a: 1\n---\nb: 2\n...\n---\nc: 3\n"), 3);
  EXPECT_EQ(documents_of("\xef\xbb\xbf"
                         "a: 1\n---\nb: 2\n"),
            2);
  EXPECT_EQ(documents_of("a: 1\r\n---\r\nb: 2\r\n"), 2);
  EXPECT_EQ(documents_of(""), 0);
}

TEST(YamlDocument, DocumentsBeforeAFaultAreSeen) {
  int count = 0;
  auto fault = for_each_document("a: 1\n---\nb: [\n", [&](const YamlNode&) { ++count; });
  EXPECT_EQ(count, 1);
  ASSERT_TRUE(fault.has_value());
  EXPECT_THAT(fault->message, HasSubstr("not valid YAML"));
}

TEST(YamlDocument, TextAfterADocumentIsAFault) {
  EXPECT_THAT(fault_of("a: b\n- c\n").message, HasSubstr(""));
  EXPECT_THAT(fault_of("[a]\n]\n").message, HasSubstr(""));
  EXPECT_THAT(fault_of("{a: b}\nc: d\n").message, HasSubstr(""));
}

TEST(YamlDocument, TabsInIndentationAreExplained) {
  YamlFault fault = fault_of("a:\n\tb: 1\n");
  EXPECT_EQ(fault.line, 2);
  EXPECT_EQ(fault.column, 1);
  EXPECT_THAT(fault.message, HasSubstr("indent with spaces"));
}

TEST(YamlDocument, OctetsThatAreNoTextAreRefusedWithTheirPlace) {
  YamlFault nul = fault_of(std::string_view("a: 1\nb: \0x\n", 11));
  EXPECT_EQ(nul.line, 2);
  EXPECT_EQ(nul.column, 4);
  EXPECT_THAT(nul.message, HasSubstr("NUL"));
  EXPECT_THAT(fault_of("a: \x01\n").message, HasSubstr("control character"));
  for (std::string_view bad :
       {"a: \xff", "a: \xc0\x80", "a: \xed\xa0\x80", "a: \xe2\x82", "a: \xf5\x80\x80\x80"})
    EXPECT_THAT(fault_of(bad).message, HasSubstr("not UTF-8"));
  EXPECT_EQ(documents_of("a: \xe2\x82\xac \xf0\x9f\x8c\x8d\n"), 1);
}

TEST(YamlDocument, DeepNestingIsRefusedAndNotRecursedInto) {
  for (const std::string& text :
       {std::string(100000, '['), std::string(1000, '{'), std::string(90, '[') + std::string(90, '{')}) {
    YamlFault fault = fault_of(text);
    EXPECT_FALSE(fault.message.empty());
  }
  std::string block;
  for (int i = 0; i < 3000; ++i) block += std::string(i, ' ') + "a:\n";
  EXPECT_THAT(fault_of(block).message, HasSubstr("nested deeper than 100"));
  EXPECT_EQ(documents_of(std::string(99, '[') + std::string(99, ']')), 1);
}

TEST(YamlDocument, AnAliasBombIsRefused) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 0; k < 9; ++k) text += ", " + before;
    text += "]\n";
  }
  EXPECT_THAT(fault_of(text).message, HasSubstr("aliases"));
}

TEST(YamlDocument, AnAliasOfItselfOrOfNothingIsRefused) {
  EXPECT_THAT(fault_of("a: &x [*x]\n").message, HasSubstr("inside its own anchor"));
  EXPECT_THAT(fault_of("a: *nowhere\n").message, HasSubstr("not valid YAML"));
}

TEST(YamlDocument, MoreIndicatorsThanTheLimitAreRefusedBeforeTheParserQueuesThem) {
  EXPECT_THAT(fault_of(std::string(kMaxIndicators + 1, ',')).message, HasSubstr("split it"));
}

TEST(YamlDocument, ATextOfMoreThanTheLimitIsRefused) {
  std::string text(kMaxTextSize + 1, '#');
  EXPECT_THAT(fault_of(text).message, HasSubstr("split it"));
}

}  // namespace
}  // namespace hawser::api
