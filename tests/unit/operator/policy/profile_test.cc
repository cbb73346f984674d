#include "operator/policy/profile.h"

#include <gmock/gmock.h>

#include "tests/unit/operator/policy/walkthrough.h"

namespace hawser::policy {
namespace {

TEST(Profile, WithoutAPolicyGivesTheBuildsOneProposal) {
  api::VirtualNetworkGateway gateway;
  gateway.spec.profile = "AzureStack1811";
  auto policy = effective_policy(nullptr, gateway);
  EXPECT_EQ(policy.source, "Profile");
  EXPECT_EQ(policy.name, "AzureStack1811");
  EXPECT_EQ(policy.dh_group, "DHGroup2");
  EXPECT_EQ(policy.pfs_group, "None");
  gateway.spec.profile = "AzureStack1910";
  policy = effective_policy(nullptr, gateway);
  EXPECT_EQ(policy.ike_integrity, "SHA384");
  EXPECT_EQ(policy.pfs_group, "ECP384");
  EXPECT_EQ(policy.sa_data_size_kilobytes, 33553408);
}

TEST(Profile, SpellsAPolicyCanonically) {
  api::IpsecPolicySpec spec{"AES256",    "SHA256", "DHGroup2048", "GCMAES256",
                            "GCMAES256", "PFS14",  27000,         102400000};
  EXPECT_EQ(canonical(spec).dh_group, "DHGroup14");
  EXPECT_EQ(canonical(spec).pfs_group, "PFS2048");
  spec.pfs_group = "none";
  EXPECT_EQ(canonical(spec).pfs_group, "None");
  spec.pfs_group = "PFSMM";
  EXPECT_EQ(canonical(spec).pfs_group, "PFS2048");
  spec.dh_group = "ECP384";
  EXPECT_EQ(canonical(spec).pfs_group, "ECP384");
}

TEST(Profile, NamesWeakAlgorithms) {
  auto objects = walkthrough();
  auto policy = effective_policy(&objects.ipsec_policies.at("default/ipsecpolicy6"),
                                 objects.virtual_network_gateways.at("default/vnet1gw"));
  EXPECT_THAT(weak_algorithms(policy), testing::ElementsAre("ikeIntegrity SHA1"));
}

}  // namespace
}  // namespace hawser::policy
