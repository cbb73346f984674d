#include "operator/api/text.h"

#include <gtest/gtest.h>

namespace hawser::api {
namespace {

constexpr std::string_view kNames[] = {"GCMAES256", "GCMAES192", "AES256", "SHA1"};

TEST(Text, QuotedEscapesAndCuts) {
  EXPECT_EQ(in_quotes("a b"), "'a b'");
  EXPECT_EQ(in_quotes("a\nb\x01"), "'a\\nb\\x01'");
  EXPECT_EQ(in_quotes(std::string(70, 'x')), "'" + std::string(64, 'x') + "…'");
  EXPECT_EQ(in_quotes(std::string(63, 'x') + "€"), "'" + std::string(63, 'x') + "…'");
}

TEST(Text, DidYouMeanFindsTypingErrorsOnly) {
  EXPECT_EQ(did_you_mean("GCMASE256", kNames), " (did you mean 'GCMAES256'?)");
  EXPECT_EQ(did_you_mean("aes256", kNames), " (did you mean 'AES256'?)");
  EXPECT_EQ(did_you_mean("CHACHA20", kNames), "");
  EXPECT_EQ(did_you_mean("", kNames), "");
  EXPECT_EQ(did_you_mean(std::string(1000, 'A'), kNames), "");
}

}  // namespace
}  // namespace hawser::api
