#include <gmock/gmock.h>

#include "common/spec/check.h"
#include "tests/unit/operator/policy/walkthrough.h"

namespace hawser::policy {
namespace {

v1::ConnectionSpec compile_walkthrough(const api::ObjectSet& objects) {
  return compile(resolve(objects, objects.connections.at("default/vnet1tosite6")).resolved);
}

TEST(Compile, GivesTheSidecarTheWalkthrough) {
  auto objects = walkthrough();
  v1::ConnectionSpec spec = compile_walkthrough(objects);
  EXPECT_EQ(spec.local_address(), "192.0.2.10");
  EXPECT_EQ(spec.remote_address(), "131.107.72.22");
  EXPECT_EQ(spec.shared_key(), "Azs123");
  EXPECT_EQ(spec.policy().pfs_group(), "None");
  EXPECT_EQ(spec.policy().sa_life_time_seconds(), 14400u);
  EXPECT_THAT(spec.remote_prefixes(), testing::ElementsAre("10.61.0.0/16", "10.62.0.0/16"));
  EXPECT_EQ(spec.mode(), v1::CONNECTION_MODE_DEFAULT);
  EXPECT_EQ(spec.dpd_timeout_seconds(), 45u);
}

TEST(Compile, AlwaysPassesTheSidecarsCheck) {
  for (const char* profile : {"AzureStack1811", "AzureStack1910"})
    for (const char* mode : {"Default", "InitiatorOnly", "ResponderOnly"}) {
      auto objects = walkthrough();
      objects.virtual_network_gateways.at("default/vnet1gw").spec.profile = profile;
      auto& connection = objects.connections.at("default/vnet1tosite6").spec;
      connection.connection_mode = mode;
      connection.ipsec_policy_ref.reset();
      EXPECT_THAT(broken_rules(objects), testing::IsEmpty());
      EXPECT_THAT(spec::check(compile_walkthrough(objects)), testing::IsEmpty()) << profile << " " << mode;
    }
}

}  // namespace
}  // namespace hawser::policy
