#include <gmock/gmock.h>

#include "tests/unit/operator/policy/walkthrough.h"

namespace hawser::policy {
namespace {

using catalog::Reason;

TEST(Resolve, FindsEverythingTheWalkthroughStandsOn) {
  auto objects = walkthrough();
  auto resolution = resolve(objects, objects.connections.at("default/vnet1tosite6"));
  EXPECT_THAT(resolution.missing, testing::IsEmpty());
  EXPECT_EQ(resolution.resolved.network, &objects.virtual_networks.at("default/testvnet1"));
  EXPECT_EQ(resolution.resolved.policy, &objects.ipsec_policies.at("default/ipsecpolicy6"));
}

struct MissingCase {
  const char* name;
  void (*break_it)(api::ObjectSet&);
  Reason reason;
  const char* field_path;
};

class ResolveMissing : public testing::TestWithParam<MissingCase> {};

TEST_P(ResolveMissing, NamesTheReferenceThatLeadsNowhere) {
  auto objects = walkthrough();
  GetParam().break_it(objects);
  auto resolution = resolve(objects, objects.connections.at("default/vnet1tosite6"));
  ASSERT_EQ(resolution.missing.size(), 1u);
  EXPECT_EQ(resolution.missing[0].reason, GetParam().reason);
  EXPECT_EQ(resolution.missing[0].field_path, GetParam().field_path);
}

INSTANTIATE_TEST_SUITE_P(
    Each, ResolveMissing,
    testing::Values(
        MissingCase{"gateway", [](api::ObjectSet& o) { o.virtual_network_gateways.clear(); },
                    Reason::VirtualNetworkGatewayNotFound, "spec.virtualNetworkGatewayRef"},
        MissingCase{"network", [](api::ObjectSet& o) { o.virtual_networks.clear(); },
                    Reason::VirtualNetworkNotFound, "spec.virtualNetworkGatewayRef"},
        MissingCase{"site", [](api::ObjectSet& o) { o.local_network_gateways.clear(); },
                    Reason::LocalNetworkGatewayNotFound, "spec.localNetworkGatewayRef"},
        MissingCase{"policy", [](api::ObjectSet& o) { o.ipsec_policies.clear(); },
                    Reason::IpsecPolicyNotFound, "spec.ipsecPolicyRef"},
        MissingCase{"secret", [](api::ObjectSet& o) { o.secrets.clear(); }, Reason::SecretNotFound,
                    "spec.sharedKeySecretRef.name"},
        MissingCase{"key", [](api::ObjectSet& o) { o.secrets.at("default/site6-psk").spec.values.clear(); },
                    Reason::SecretKeyMissing, "spec.sharedKeySecretRef.key"}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace hawser::policy
