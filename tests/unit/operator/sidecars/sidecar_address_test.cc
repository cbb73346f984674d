#include "operator/sidecars/sidecar_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hawser::sidecars {
namespace {

using ::testing::HasSubstr;

TEST(SidecarAddress, ReadsAUnixSocket) {
  auto address = parse_sidecar_address("node-a=unix:/run/hawser/sidecar.sock");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->name, "node-a");
  EXPECT_EQ(address->target, "unix:/run/hawser/sidecar.sock");
  EXPECT_TRUE(address->is_unix());
}

TEST(SidecarAddress, ReadsHostAndPort) {
  for (const char* text : {"a=192.0.2.7:9446", "a=node-a.example:1", "a=[2001:db8::1]:65535"}) {
    auto address = parse_sidecar_address(text);
    ASSERT_TRUE(address.has_value()) << address.error().message;
    EXPECT_FALSE(address->is_unix());
  }
}

TEST(SidecarAddress, SaysWhatIsWrongWithAnythingElse) {
  const std::pair<const char*, const char*> cases[] = {
      {"unix:/x", "'=' is missing"},
      {"=unix:/x", "NAME must be a node's name"},
      {"Node_A=unix:/x", "NAME must be a node's name"},
      {"a=unix:", "the path is missing"},
      {"a=", "neither unix:PATH nor HOST:PORT"},
      {"a=host", "neither"},
      {"a=host:0", "neither"},
      {"a=host:65536", "neither"},
      {"a=host:12x", "neither"},
      {"a=2001:db8::1:9446", "neither"},
  };
  for (const auto& [text, expected] : cases) {
    auto address = parse_sidecar_address(text);
    ASSERT_FALSE(address.has_value()) << text;
    EXPECT_THAT(address.error().message, HasSubstr(expected)) << text;
    EXPECT_THAT(address.error().message, HasSubstr("the form is NAME=unix:PATH or NAME=HOST:PORT"));
  }
  EXPECT_FALSE(parse_sidecar_address("a=unix:/" + std::string(107, 'x')).has_value());
}

}  // namespace
}  // namespace hawser::sidecars
