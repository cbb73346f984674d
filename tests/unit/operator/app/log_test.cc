#include "operator/app/log.h"

#include <gtest/gtest.h>

namespace hawser::app {
namespace {

TEST(Log, AMessageIsOneLineWhateverIsInIt) {
  EXPECT_EQ(format_line(LogFormat::Text, LogLevel::Warning, "T", "a\nb \"c\" \\d \x1b[31m"),
            "T warning a\\nb \"c\" \\d \\u001b[31m");
  EXPECT_EQ(format_line(LogFormat::Json, LogLevel::Info, "T", "a\n\"b\""),
            R"({"ts":"T","level":"info","msg":"a\n\"b\""})");
}

TEST(Log, BrokenUtf8IsReplaced) {
  EXPECT_EQ(format_line(LogFormat::Text, LogLevel::Error, "T", "a\xff"), "T error   a\xef\xbf\xbd");
}

TEST(Log, KnowsItsLevelsAndFormats) {
  EXPECT_EQ(parse_log_level("debug").value(), LogLevel::Debug);
  EXPECT_EQ(parse_log_format("json").value(), LogFormat::Json);
  EXPECT_EQ(parse_log_level("loud").error().message, "--log-level 'loud': use debug, info, warning or error");
  EXPECT_EQ(parse_log_format("xml").error().message, "--log-format 'xml': use text or json");
}

}  // namespace
}  // namespace hawser::app
