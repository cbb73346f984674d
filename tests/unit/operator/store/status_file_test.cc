#include "operator/store/status_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/pki/temp_dir.h"
#include "tests/unit/operator/store/status_samples.h"

namespace hawser::store {
namespace {

using ::testing::HasSubstr;

StatusRecord sample() {
  return {connection_key("vnet1tosite6"), 3, "2026-11-23T19:00:00Z", "0123", full_status()};
}

TEST(StatusFile, ReadsBackWhatItWrote) {
  auto parsed = parse_status(render(sample()));
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message << "\n" << render(sample());
  EXPECT_EQ(*parsed, sample()) << render(sample()) << "\n---\n" << render(*parsed);
}

TEST(StatusFile, LooksLikeAKubernetesObject) {
  const std::string text = render(sample());
  EXPECT_THAT(
      text,
      HasSubstr("apiVersion: hawser.dev/v1alpha1\nkind: Connection\nmetadata:\n  name: vnet1tosite6\n"));
  EXPECT_THAT(text, HasSubstr("generation: 3"));
  EXPECT_THAT(text, HasSubstr("connectionStatus: Connected"));
}

TEST(StatusFile, RefusesWhatItDidNotWrite) {
  const std::string good = render(sample());
  for (const std::string& text :
       {std::string(), std::string("kind: ["), std::string("[1, 2]"), std::string("a: 1"),
        "apiVersion: v1\n" + good.substr(good.find('\n') + 1), std::string(100000, '['),
        std::string("apiVersion: hawser.dev/v1alpha1\nkind: Connection\nmetadata: 1\nstatus: {}\n")})
    EXPECT_FALSE(parse_status(text).has_value()) << text.substr(0, 60);
}

TEST(StatusFile, NamesNeverLeadOutOfTheFolder) {
  EXPECT_EQ(status_path(connection_key("a")).value(), "default/connections/a.yaml");
  for (const char* name : {"", "..", "../x", ".hidden", "a/b"}) {
    EXPECT_FALSE(status_path(connection_key(name)).has_value()) << name;
    EXPECT_FALSE(status_path({api::Kind::Connection, name, "a"}).has_value()) << name;
  }
}

TEST(ReadStatusFolder, ReadsAllAndNamesWhatItCannotRead) {
  testing::TempDir dir;
  std::filesystem::create_directories(dir.file("default/connections"));
  dir.write("default/connections/vnet1tosite6.yaml", render(sample()));
  dir.write("default/connections/bad.yaml", "kind: [");
  dir.write("default/connections/.x.yaml.tmp", "half");
  auto contents = read_status_folder(dir.path());
  ASSERT_TRUE(contents.has_value());
  EXPECT_EQ(contents->records.size(), 1u);
  ASSERT_EQ(contents->problems.size(), 1u);
  EXPECT_THAT(contents->problems[0], HasSubstr("bad.yaml"));
  EXPECT_FALSE(read_status_folder(dir.file("none")).has_value());
}

}  // namespace
}  // namespace hawser::store
