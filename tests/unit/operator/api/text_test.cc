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

TEST(Text, FitLeavesAloneWhatFits) {
  EXPECT_EQ(fit("", 1), "");
  EXPECT_EQ(fit("abc", 3), "abc");
  EXPECT_EQ(fit("€€€", 3), "€€€");
}

TEST(Text, FitCutsBetweenCharacters) {
  EXPECT_EQ(fit("abcd", 3), "ab…");
  EXPECT_EQ(fit("a€€€", 3), "a€…");
  EXPECT_EQ(fit(std::string(1 << 20, 'x'), 64), std::string(63, 'x') + "…");
}

TEST(Text, FitReplacesWhatIsNoCharacter) {
  EXPECT_EQ(fit("a\xff\xc3", 3), "a\uFFFD\uFFFD");
  EXPECT_EQ(fit("\xed\xa0\x80", 64), "\uFFFD\uFFFD\uFFFD") << "half of a surrogate pair";
  EXPECT_EQ(fit("ab\xe2\x82", 3), "ab…") << "a character that is not whole, beyond the end";
  EXPECT_EQ(fit(std::string(1 << 20, '\xff'), 2), "\uFFFD…");
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
