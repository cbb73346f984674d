#include "operator/api/secret_codec.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "operator/api/codec.h"

namespace hawser::api {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::string secret_with(const std::string& lines) {
  return "apiVersion: v1\nkind: Secret\nmetadata: {name: k}\ntype: Opaque\n" + lines;
}

std::string value_of(const std::string& lines, const std::string& key = "psk") {
  ParsedManifests parsed = parse_manifests("f.yaml", secret_with(lines));
  EXPECT_THAT(parsed.problems, IsEmpty());
  if (parsed.objects.size() != 1) return "no object";
  const auto& values = std::get<Secret>(parsed.objects[0]).spec.values;
  auto it = values.find(key);
  if (it == values.end()) return "no value";
  return {it->second.view().begin(), it->second.view().end()};
}

std::string fingerprint_of(const std::string& lines) {
  ParsedManifests parsed = parse_manifests("f.yaml", secret_with(lines));
  EXPECT_THAT(parsed.objects, SizeIs(1));
  return spec_to_json(parsed.objects.at(0)).dump();
}

TEST(SecretCodec, DecodesBase64AndPlainText) {
  EXPECT_EQ(value_of("data: {psk: QXpzMTIz}\n"), "Azs123");
  EXPECT_EQ(value_of("data: {psk: QXpzMTI=}\n"), "Azs12");
  EXPECT_EQ(value_of("data: {psk: QXpzMQ==}\n"), "Azs1");
  EXPECT_EQ(value_of("data: {psk: ''}\n"), "");
  EXPECT_EQ(value_of("data:\n  psk: |\n    QXpz\n    MTIz\n"), "Azs123");
  EXPECT_EQ(value_of("stringData: {psk: Azs123}\n"), "Azs123");
  EXPECT_EQ(value_of("stringData: {psk: 0123}\n"), "0123");
  EXPECT_EQ(value_of("stringData:\n  psk: |\n    Azs123\n"), "Azs123\n");
}

TEST(SecretCodec, StringDataWins) {
  EXPECT_EQ(value_of("data: {psk: QXpzMTIz}\nstringData: {psk: other}\n"), "other");
}

TEST(SecretCodec, NoMessageRepeatsAValue) {
  for (const char* lines : {"data: {psk: CanaryKey!}\n", "data: {psk: CanaryK}\n", "data: {psk: Cana=Key}\n",
                            "data: {psk: Canary=}\n", "stringData: {psk: [CanaryKey]}\n", "data: CanaryKey\n",
                            "data: {psk: !!str CanaryKey}\n"}) {
    ParsedManifests parsed = parse_manifests("f.yaml", secret_with(lines));
    ASSERT_THAT(parsed.problems, Not(IsEmpty())) << lines;
    EXPECT_THAT(parsed.objects, IsEmpty());
    for (const auto& problem : parsed.problems) EXPECT_THAT(to_string(problem), Not(HasSubstr("Cana")));
  }
}

TEST(SecretCodec, TheFingerprintTellsEditsAndHidesTheValue) {
  EXPECT_EQ(fingerprint_of("data: {psk: QXpzMTIz}\n"), fingerprint_of("stringData: {psk: Azs123}\n"));
  EXPECT_NE(fingerprint_of("stringData: {psk: Azs123}\n"), fingerprint_of("stringData: {psk: Azs124}\n"));
  EXPECT_NE(fingerprint_of("stringData: {psk: Azs123}\n"), fingerprint_of("stringData: {pskA: zs123}\n"));
  EXPECT_THAT(fingerprint_of("stringData: {psk: Azs123}\n"), Not(HasSubstr("Azs")));
}

}  // namespace
}  // namespace hawser::api
