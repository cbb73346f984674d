#include "operator/policy/rules.h"

#include <gmock/gmock.h>

#include "tests/unit/operator/policy/walkthrough.h"

namespace hawser::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Rules, AcceptTheWalkthrough) { EXPECT_THAT(broken_rules(walkthrough()), IsEmpty()); }

TEST(Rules, ReportEveryViolationAtOnce) {
  auto objects = walkthrough();
  auto& policy = objects.ipsec_policies.at("default/ipsecpolicy6").spec;
  policy.dh_group = "None";
  policy.ipsec_encryption = "GCMAES128";
  policy.sa_life_time_seconds = 1;
  objects.connections.at("default/vnet1tosite6").spec.connection_protocol = "IKEv1";
  EXPECT_THAT(broken_rules(objects), ElementsAre("POL-3", "POL-4", "POL-5", "CON-2"));
}

TEST(Rules, SayWhatWasMeant) {
  auto objects = walkthrough();
  objects.ipsec_policies.at("default/ipsecpolicy6").spec.ike_encryption = "aes128";
  auto violations = validate(objects, {});
  ASSERT_FALSE(violations.empty());
  EXPECT_EQ(violations[0].rule, "POL-2");
  EXPECT_THAT(violations[0].message, HasSubstr("did you mean 'AES128'?"));
}

TEST(Rules, AListThatIsTooLongIsNotComparedEachWithEach) {
  auto objects = walkthrough();
  objects.local_network_gateways.at("default/site6").spec.address_prefixes.assign(4000, "10.0.0.0/8");
  auto& subnets = objects.virtual_networks.at("default/testvnet1").spec.subnets;
  subnets.assign(4000, subnets.front());
  const auto violations = validate(objects, {});
  EXPECT_THAT(violations, testing::Contains(testing::Field(&Violation::rule, "FMT-3")));
  EXPECT_LT(violations.size(), 20'000u);
}

TEST(Rules, NeverRepeatAKey) {
  auto objects = walkthrough();
  objects.secrets.at("default/site6-psk").spec.values["psk"] = SecretBytes(as_bytes("canary-key\n"));
  auto violations = validate(objects, {});
  EXPECT_THAT(broken_rules(objects), ElementsAre("CON-3"));
  for (const auto& violation : violations) EXPECT_THAT(violation.message, testing::Not(HasSubstr("canary")));
}

api::ObjectSet two_sites_with_one_address() {
  auto objects = walkthrough();
  auto& other = objects.local_network_gateways["default/another"];
  other.meta.name = "another";
  other.spec = {"131.107.72.22", {"10.63.0.0/16"}};
  return objects;
}

std::string refused_site(const api::ObjectSet& objects, const AcceptedObjects& accepted) {
  for (const auto& violation : validate(objects, accepted))
    if (violation.rule == "LNG-2") return violation.object.name;
  return "";
}

TEST(Rules, PreferTheAcceptedThenTheOlderThenTheName) {
  auto objects = two_sites_with_one_address();
  EXPECT_EQ(refused_site(objects, {}), "site6");  // "another" sorts first
  objects.local_network_gateways.at("default/another").meta.creation_timestamp = "2026-02-01T00:00:00Z";
  objects.local_network_gateways.at("default/site6").meta.creation_timestamp = "2026-01-01T00:00:00Z";
  EXPECT_EQ(refused_site(objects, {}), "another");
  const api::ObjectKey another{api::Kind::LocalNetworkGateway, "default", "another"};
  const api::ObjectKey site6{api::Kind::LocalNetworkGateway, "default", "site6"};
  EXPECT_EQ(refused_site(objects, {{another, Standing::Now}}), "site6");
  EXPECT_EQ(refused_site(objects, {{another, Standing::Earlier}}), "site6");
  EXPECT_EQ(refused_site(objects, {{another, Standing::Now}, {site6, Standing::Earlier}}), "site6");
  EXPECT_EQ(refused_site(objects, {{another, Standing::Earlier}, {site6, Standing::Now}}), "another");
}

TEST(Rules, CanBeSwitchedOffOneByOne) {
  auto objects = two_sites_with_one_address();
  EXPECT_THAT(validate(objects, {}, {"LNG-2"}),
              testing::Not(testing::Contains(testing::Field(&Violation::rule, "LNG-2"))));
}

}  // namespace
}  // namespace hawser::policy
