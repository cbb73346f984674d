// Texts that are too large or too hostile to keep as files.
#include <gmock/gmock.h>

#include "tests/conformance/case.h"

namespace hawser::conformance {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr size_t kTenMegabytes = 10'000'000;

std::string policy(size_t i) {
  return "---\napiVersion: hawser.dev/v1alpha1\nkind: IpsecPolicy\nmetadata:\n  name: p" + std::to_string(i) +
         "\nspec:\n  ikeEncryption: AES256\n  ikeIntegrity: SHA384\n  dhGroup: ECP384\n  ipsecEncryption: "
         "GCMAES256\n"
         "  ipsecIntegrity: GCMAES256\n  pfsGroup: ECP384\n";
}

TEST(Large, TenMegabytesOfObjectsAreRead) {
  std::string text;
  size_t count = 0;
  while (text.size() < kTenMegabytes) text += policy(count++);
  api::ParsedManifests parsed = api::parse_manifests("large.yaml", text);
  EXPECT_THAT(parsed.problems, IsEmpty());
  EXPECT_EQ(parsed.objects.size(), count);
}

TEST(Large, TenMegabytesOfCommentsAreNothing) {
  std::string text;
  while (text.size() < kTenMegabytes) text += "# nothing to see here\n";
  const Verdict verdict = judge(text);
  EXPECT_THAT(verdict.problems, IsEmpty());
}

TEST(Large, TenMegabytesInOneValueGetOneShortError) {
  const Verdict verdict =
      judge("apiVersion: hawser.dev/v1alpha1\nkind: " + std::string(kTenMegabytes, 'x') + "\n");
  ASSERT_THAT(verdict.problems, SizeIs(1));
  EXPECT_EQ(verdict.problems[0].field_path, "kind");
  EXPECT_LT(verdict.problems[0].message.size(), 400U);
}

TEST(Large, TenMegabytesOfUnknownFieldsGetABoundedNumberOfErrors) {
  std::string text = policy(0);
  for (size_t i = 0; text.size() < kTenMegabytes; ++i) text += "  unknown" + std::to_string(i) + ": 1\n";
  const Verdict verdict = judge(text);
  ASSERT_THAT(verdict.problems, SizeIs(1000));
  EXPECT_THAT(verdict.problems.back().message, HasSubstr("too many problems in this file"));
}

TEST(Large, TenMegabytesOfValuesInOneDocumentAreBounded) {
  std::string text = "apiVersion: hawser.dev/v1alpha1\nkind: VirtualNetwork\nmetadata: {name: n}\nstatus:\n";
  while (text.size() < kTenMegabytes) text += "- a\n";
  const Verdict verdict = judge(text);
  ASSERT_THAT(verdict.problems, SizeIs(1)) << to_string(verdict).substr(0, 500);
  EXPECT_THAT(verdict.problems[0].message, HasSubstr("2000000 values; split it"));
}

TEST(Large, TenMegabytesOfMinifiedJsonAreRead) {
  std::string text = R"({"apiVersion":"v1","kind":"List","items":[)";
  size_t count = 0;
  while (text.size() < kTenMegabytes) {
    text += std::string(count == 0 ? "" : ",") +
            R"({"apiVersion":"hawser.dev/v1alpha1","kind":"LocalNetworkGateway","metadata":{"name":"s)" +
            std::to_string(count) +
            R"("},"spec":{"gatewayIpAddress":"192.0.2.1","addressPrefixes":["10.61.0.0/16"]}})";
    ++count;
  }
  api::ParsedManifests parsed = api::parse_manifests("large.json", text + "]}");
  EXPECT_THAT(parsed.problems, IsEmpty());
  EXPECT_EQ(parsed.objects.size(), count);
}

TEST(Large, AMegabyteOfOneCharacterGetsAtMostTwoErrors) {
  for (char c : std::string_view("[{-?:&*!|>\"'%@ ,#")) {
    const Verdict verdict = judge(std::string(1'000'000, c));
    EXPECT_LE(verdict.problems.size(), 2U) << c;
  }
}

TEST(Large, MoreThanTheLimitsGetsOneErrorThatNamesThem) {
  const Verdict size = judge(std::string((size_t{16} << 20) + 1, '#'));
  ASSERT_THAT(size.problems, SizeIs(1));
  EXPECT_THAT(size.problems[0].message, HasSubstr("allowed: at most 16777216; split it"));
  const Verdict brackets = judge(std::string(4'000'001, '['));
  ASSERT_THAT(brackets.problems, SizeIs(1));
  EXPECT_THAT(brackets.problems[0].message, HasSubstr("allowed: at most 4000000; split it"));
}

TEST(Large, NothingIsNoObjectAndNoProblem) {
  for (const char* text : {"", "\n", "---\n", "# a comment\n"}) EXPECT_THAT(judge(text).problems, IsEmpty());
}

}  // namespace
}  // namespace hawser::conformance
