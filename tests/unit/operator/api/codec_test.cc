#include "operator/api/codec.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace hawser::api {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kSite = R"(apiVersion: hawser.dev/v1alpha1
kind: LocalNetworkGateway
metadata:
  name: site6
spec:
  gatewayIpAddress: 131.107.72.22
  addressPrefixes:
  - 10.61.0.0/16
  - 10.62.0.0/16
)";

std::string policy_with(const std::string& line) {
  return "apiVersion: hawser.dev/v1alpha1\nkind: IpsecPolicy\nmetadata:\n  name: p\nspec:\n  ikeEncryption: "
         "AES128\n" +
         line;
}

std::string connection_with(const std::string& line) {
  return "apiVersion: hawser.dev/v1alpha1\nkind: Connection\nmetadata:\n  name: c\nspec:\n"
         "  virtualNetworkGatewayRef: {name: g}\n  localNetworkGatewayRef: {name: s}\n"
         "  sharedKeySecretRef: {name: k}\n" +
         line;
}

// The only problem of a text; a failure when there is not exactly one.
Problem only_problem(std::string_view text) {
  ParsedManifests parsed = parse_manifests("f.yaml", text);
  EXPECT_THAT(parsed.objects, IsEmpty());
  EXPECT_THAT(parsed.problems, SizeIs(1)) << (parsed.problems.empty() ? "" : to_string(parsed.problems[0]));
  return parsed.problems.empty() ? Problem{} : parsed.problems[0];
}

template <typename T>
T only_object(std::string_view text) {
  ParsedManifests parsed = parse_manifests("f.yaml", text);
  EXPECT_THAT(parsed.problems, IsEmpty()) << (parsed.problems.empty() ? "" : to_string(parsed.problems[0]));
  EXPECT_THAT(parsed.objects, SizeIs(1));
  if (parsed.objects.size() != 1 || !std::holds_alternative<T>(parsed.objects[0])) {
    ADD_FAILURE() << "not the kind expected";
    return {};
  }
  return std::get<T>(std::move(parsed.objects[0]));
}

TEST(Codec, ReadsAnObjectWithItsPositions) {
  auto site = only_object<LocalNetworkGateway>(kSite);
  EXPECT_EQ(site.meta.name, "site6");
  EXPECT_EQ(site.meta.namespace_, "default");
  EXPECT_EQ(site.spec.gateway_ip_address, "131.107.72.22");
  EXPECT_THAT(site.spec.address_prefixes, ElementsAre("10.61.0.0/16", "10.62.0.0/16"));
  const Position& second = site.positions.at("spec.addressPrefixes[1]");
  EXPECT_EQ(second.file, "f.yaml");
  EXPECT_EQ(second.line, 9);
  EXPECT_EQ(second.column, 5);
}

TEST(Codec, FillsInTheDefaultsOfAConnection) {
  auto connection = only_object<Connection>(connection_with(""));
  EXPECT_EQ(connection.spec.shared_key_secret_ref.key, "psk");
  EXPECT_EQ(connection.spec.connection_mode, "Default");
  EXPECT_EQ(connection.spec.dpd_timeout_seconds, 45);
  EXPECT_FALSE(connection.spec.use_policy_based_traffic_selectors);
  EXPECT_FALSE(connection.spec.ipsec_policy_ref);
  EXPECT_FALSE(connection.spec.local_identity);
}

TEST(Codec, ReadsEveryFieldOfAConnection) {
  auto connection =
      only_object<Connection>(connection_with("  ipsecPolicyRef: {name: p}\n  connectionType: X\n  "
                                              "connectionProtocol: IKEv1\n  connectionMode: ResponderOnly\n"
                                              "  dpdTimeoutSeconds: 9\n  usePolicyBasedTrafficSelectors: "
                                              "true\n  localIdentity: a\n  remoteIdentity: b\n"));
  const ConnectionSpec& spec = connection.spec;
  EXPECT_EQ(spec.virtual_network_gateway_ref, "g");
  EXPECT_EQ(spec.local_network_gateway_ref, "s");
  EXPECT_EQ(spec.ipsec_policy_ref, "p");
  EXPECT_EQ(spec.connection_type, "X");
  EXPECT_EQ(spec.connection_protocol, "IKEv1");
  EXPECT_EQ(spec.connection_mode, "ResponderOnly");
  EXPECT_EQ(spec.dpd_timeout_seconds, 9);
  EXPECT_TRUE(spec.use_policy_based_traffic_selectors);
  EXPECT_EQ(spec.local_identity, "a");
  EXPECT_EQ(spec.remote_identity, "b");
}

TEST(Codec, ReadsSubnetsAndSelectors) {
  auto network = only_object<VirtualNetwork>(
      "{apiVersion: hawser.dev/v1alpha1, kind: VirtualNetwork, metadata: {name: n, namespace: prod}, spec: "
      "{addressPrefixes: [10.0.0.0/8], subnets: [{name: GatewaySubnet, addressPrefix: 10.0.0.0/27}]}}");
  EXPECT_EQ(network.meta.namespace_, "prod");
  ASSERT_THAT(network.spec.subnets, SizeIs(1));
  EXPECT_EQ(network.spec.subnets[0].name, "GatewaySubnet");
  EXPECT_TRUE(network.positions.contains("spec.subnets[0].addressPrefix"));
  auto gateway = only_object<VirtualNetworkGateway>(
      "apiVersion: hawser.dev/v1alpha1\nkind: VirtualNetworkGateway\nmetadata: {name: g}\nspec:\n"
      "  virtualNetworkRef: {name: n}\n  nodeSelector: {edge: \"true\"}\n");
  EXPECT_EQ(gateway.spec.node_selector.at("edge"), "true");
  EXPECT_EQ(gateway.spec.sku, "Standard");
}

TEST(Codec, ReadsJson) {
  auto policy = only_object<IpsecPolicy>(
      "{\n\t\"apiVersion\": \"hawser.dev/v1alpha1\", \"kind\": \"IpsecPolicy\",\n\t\"metadata\": {\"name\": "
      "\"p\"},\n"
      "\t\"spec\": {\"dhGroup\": \"ECP384\", \"saLifeTimeSeconds\": 14400}\n}\n");
  EXPECT_EQ(policy.spec.dh_group, "ECP384");
  EXPECT_EQ(policy.spec.sa_life_time_seconds, 14400);
}

TEST(Codec, ReadsSeveralDocumentsAndLists) {
  std::string text(kSite);
  text +=
      "---\n# nothing here\n---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: hawser.dev/v1alpha1\n"
      "  kind: LocalNetworkGateway\n  metadata: {name: b}\n  spec: {gatewayIpAddress: 192.0.2.1}\n---\n" +
      policy_with("");
  ParsedManifests parsed = parse_manifests("f.yaml", text);
  EXPECT_THAT(parsed.problems, IsEmpty());
  EXPECT_THAT(parsed.objects, SizeIs(3));
}

TEST(Codec, AnEmptyFileHasNoObjects) {
  for (std::string_view text : {"", "\n\n", "# only a comment\n", "---\n---\n", "\xef\xbb\xbf"}) {
    ParsedManifests parsed = parse_manifests("f.yaml", text);
    EXPECT_THAT(parsed.objects, IsEmpty());
    EXPECT_THAT(parsed.problems, IsEmpty()) << testing::PrintToString(text);
  }
}

TEST(Codec, OtherGroupsAreIgnoredAndNamed) {
  ParsedManifests parsed = parse_manifests(
      "f.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, <<: x}\nanything: [1]\n");
  EXPECT_THAT(parsed.problems, IsEmpty());
  EXPECT_THAT(parsed.ignored, ElementsAre("apps/v1 Deployment default/web"));
}

TEST(Codec, AnObjectWithAnErrorIsLeftOutAndTheOthersStay) {
  ParsedManifests parsed =
      parse_manifests("f.yaml", connection_with("  bad: 1\n") + "---\n" + std::string(kSite));
  EXPECT_THAT(parsed.problems, SizeIs(1));
  EXPECT_THAT(parsed.objects, SizeIs(1));
}

TEST(Codec, AllProblemsOfAFileComeAtOnce) {
  ParsedManifests parsed = parse_manifests(
      "f.yaml",
      connection_with("  bad: 1\n  dpdTimeoutSeconds: no\n  usePolicyBasedTrafficSelectors: yes\n"));
  EXPECT_THAT(parsed.problems, SizeIs(3));
}

TEST(Codec, AnUnknownFieldGetsASuggestion) {
  Problem problem = only_problem(connection_with("  dpdTimeoutSecond: 30\n"));
  EXPECT_EQ(problem.field_path, "spec.dpdTimeoutSecond");
  EXPECT_EQ(problem.position.line, 9);
  EXPECT_EQ(problem.position.column, 3);
  EXPECT_EQ(problem.object, "Connection default/c");
  EXPECT_THAT(problem.message, AllOf(HasSubstr("unknown field 'dpdTimeoutSecond'"),
                                     HasSubstr("did you mean 'dpdTimeoutSeconds'?"), HasSubstr("allowed: ")));
  EXPECT_THAT(to_string(problem), HasSubstr("f.yaml:9:3: error: spec.dpdTimeoutSecond: unknown field"));
}

TEST(Codec, UnknownFieldsAreFoundAtEveryLevel) {
  EXPECT_EQ(only_problem(std::string(kSite) + "extra: 1\n").field_path, "extra");
  EXPECT_EQ(
      only_problem(
          "apiVersion: hawser.dev/v1alpha1\nkind: IpsecPolicy\nmetadata: {name: p, lables: {}}\nspec: {}\n")
          .field_path,
      "metadata.lables");
  EXPECT_EQ(only_problem("apiVersion: hawser.dev/v1alpha1\nkind: VirtualNetwork\nmetadata: {name: p}\nspec:\n"
                         "  subnets: [{name: a, addressPrefix: 10.0.0.0/8, prefix: x}]\n")
                .field_path,
            "spec.subnets[0].prefix");
}

TEST(Codec, DuplicateKeysAreRefusedWithTheirPlace) {
  Problem problem = only_problem(policy_with("  ikeEncryption: AES256\n"));
  EXPECT_EQ(problem.field_path, "spec.ikeEncryption");
  EXPECT_EQ(problem.position.line, 7);
  EXPECT_THAT(problem.message, HasSubstr("twice"));
}

TEST(Codec, MergeKeysTagsAndOddKeysAreRefused) {
  EXPECT_THAT(only_problem(policy_with("  <<: {dhGroup: ECP384}\n")).message, HasSubstr("merge keys"));
  EXPECT_THAT(only_problem(policy_with("  dhGroup: !!str ECP384\n")).message, HasSubstr("tag"));
  EXPECT_THAT(only_problem(policy_with("  ? [a]\n  : b\n")).message, HasSubstr("a key that is a list"));
}

TEST(Codec, AliasesThatAreSmallAreRead) {
  auto policy = only_object<IpsecPolicy>(policy_with("  ikeIntegrity: &h SHA256\n  ipsecIntegrity: *h\n"));
  EXPECT_EQ(policy.spec.ipsec_integrity, "SHA256");
}

TEST(Codec, IntegersAreDecimalAndUnquoted) {
  struct {
    const char* value;
    const char* says;
  } const cases[] = {
      {"\"300\"", "drop the quotes"}, {"0x10", "not a whole number"},        {"0o17", "not a whole number"},
      {"1e3", "not a whole number"},  {"300.0", "not a whole number"},       {"007", "not a whole number"},
      {"5m", "not a whole number"},   {"99999999999999999999", "too large"}, {"[1]", "a list"},
      {"1_000", "not a whole number"}};
  for (const auto& c : cases) {
    Problem problem = only_problem(policy_with(std::string("  saLifeTimeSeconds: ") + c.value + "\n"));
    EXPECT_EQ(problem.field_path, "spec.saLifeTimeSeconds");
    EXPECT_THAT(problem.message, HasSubstr(c.says)) << c.value;
  }
  EXPECT_EQ(only_object<IpsecPolicy>(policy_with("  saLifeTimeSeconds: -5\n")).spec.sa_life_time_seconds, -5);
  EXPECT_EQ(only_object<IpsecPolicy>(policy_with("  saLifeTimeSeconds:\n")).spec.sa_life_time_seconds, 27000);
}

TEST(Codec, BooleansAreTrueAndFalseOnly) {
  for (const char* value : {"yes", "on", "\"true\"", "True", "1", "{}"}) {
    Problem problem =
        only_problem(connection_with(std::string("  usePolicyBasedTrafficSelectors: ") + value + "\n"));
    EXPECT_THAT(problem.message, HasSubstr("allowed: true, false")) << value;
  }
}

TEST(Codec, TextThatYamlTakesForANumberMustBeQuoted) {
  EXPECT_THAT(only_problem(connection_with("  localIdentity: 123\n")).message, HasSubstr("put it in quotes"));
  EXPECT_THAT(only_problem(connection_with("  localIdentity: 1e3\n")).message, HasSubstr("is a number"));
  EXPECT_THAT(only_problem(connection_with("  localIdentity: true\n")).message, HasSubstr("is a boolean"));
  EXPECT_EQ(only_object<Connection>(connection_with("  localIdentity: '123'\n")).spec.local_identity, "123");
  EXPECT_EQ(only_object<Connection>(connection_with("  localIdentity: 192.0.2.1\n")).spec.local_identity,
            "192.0.2.1");
}

TEST(Codec, WrongShapesAreNamed) {
  EXPECT_THAT(
      only_problem("apiVersion: hawser.dev/v1alpha1\nkind: LocalNetworkGateway\nmetadata: {name: s}\nspec:\n"
                   "  gatewayIpAddress: 192.0.2.1\n  addressPrefixes: 10.0.0.0/8\n")
          .message,
      HasSubstr("allowed: a list"));
  EXPECT_THAT(only_problem(
                  "apiVersion: hawser.dev/v1alpha1\nkind: VirtualNetworkGateway\nmetadata: {name: g}\nspec:\n"
                  "  virtualNetworkRef: net\n")
                  .message,
              HasSubstr("allowed: a map"));
  EXPECT_THAT(only_problem("- a\n- b\n").message, HasSubstr("a manifest is a map"));
  EXPECT_THAT(only_problem("just text\n").message, HasSubstr("a manifest is a map"));
}

TEST(Codec, RequiredFieldsAreAskedFor) {
  EXPECT_EQ(only_problem(
                "apiVersion: hawser.dev/v1alpha1\nkind: LocalNetworkGateway\nmetadata: {name: s}\nspec: {}\n")
                .field_path,
            "spec.gatewayIpAddress");
  EXPECT_EQ(
      only_problem("apiVersion: hawser.dev/v1alpha1\nkind: IpsecPolicy\nmetadata: {name: s}\n").field_path,
      "spec");
  EXPECT_EQ(only_problem("apiVersion: hawser.dev/v1alpha1\nkind: IpsecPolicy\nspec: {}\n").field_path,
            "metadata");
  EXPECT_EQ(
      only_problem("apiVersion: hawser.dev/v1alpha1\nkind: IpsecPolicy\nmetadata: {}\nspec: {}\n").field_path,
      "metadata.name");
  EXPECT_EQ(only_problem("kind: IpsecPolicy\n").field_path, "apiVersion");
  EXPECT_EQ(only_problem("apiVersion: hawser.dev/v1alpha1\n").field_path, "kind");
}

TEST(Codec, AbsentAlgorithmsAreLeftToTheRules) {
  auto policy = only_object<IpsecPolicy>(policy_with(""));
  EXPECT_EQ(policy.spec.dh_group, "");
}

TEST(Codec, EnumsOfGatewaysAreCheckedCaseSensitively) {
  Problem problem = only_problem(
      "apiVersion: hawser.dev/v1alpha1\nkind: VirtualNetworkGateway\nmetadata: {name: g}\nspec:\n"
      "  virtualNetworkRef: {name: n}\n  sku: vpngw1\n");
  EXPECT_EQ(problem.field_path, "spec.sku");
  EXPECT_THAT(problem.message, AllOf(HasSubstr("'vpngw1'"), HasSubstr("did you mean 'VpnGw1'?"),
                                     HasSubstr("HighPerformance")));
}

TEST(Codec, OtherVersionsAndKindsOfTheGroupAreRefused) {
  EXPECT_EQ(only_problem("apiVersion: hawser.dev/v1\nkind: Connection\n").field_path, "apiVersion");
  EXPECT_THAT(only_problem("apiVersion: hawser.dev/v1alpha1\nkind: IPsecPolicy\n").message,
              HasSubstr("did you mean 'IpsecPolicy'?"));
  EXPECT_EQ(only_problem("apiVersion: hawser.dev/v1alpha1\nkind: Secret\n").field_path, "kind");
}

TEST(Codec, NamesAreThoseOfKubernetes) {
  for (const char* name : {"Site6", "a_b", "-a", "a-", "a..b", "''"}) {
    Problem problem = only_problem("apiVersion: hawser.dev/v1alpha1\nkind: IpsecPolicy\nmetadata: {name: " +
                                   std::string(name) + "}\nspec: {}\n");
    EXPECT_EQ(problem.field_path, "metadata.name") << name;
  }
  EXPECT_EQ(only_problem("apiVersion: hawser.dev/v1alpha1\nkind: IpsecPolicy\nmetadata: {name: a, namespace: "
                         "a.b}\nspec: {}\n")
                .field_path,
            "metadata.namespace");
  EXPECT_EQ(only_object<IpsecPolicy>(
                "apiVersion: hawser.dev/v1alpha1\nkind: IpsecPolicy\nmetadata: {name: a.b-1}\nspec: {}\n")
                .meta.name,
            "a.b-1");
}

TEST(Codec, ServerFieldsOfMetadataAreKeptAndStatusIsIgnored) {
  auto site = only_object<LocalNetworkGateway>(
      "apiVersion: hawser.dev/v1alpha1\nkind: LocalNetworkGateway\nmetadata:\n  name: s\n  uid: u-1\n  "
      "generation: 3\n"
      "  creationTimestamp: 2026-01-02T03:04:05Z\n  labels: {a: b}\n  annotations: {c: d}\n  finalizers: "
      "[x]\n"
      "spec: {gatewayIpAddress: 192.0.2.1}\nstatus: {whatever: [1, 2]}\n");
  EXPECT_EQ(site.meta.uid, "u-1");
  EXPECT_EQ(site.meta.generation, 3);
  EXPECT_EQ(site.meta.creation_timestamp, "2026-01-02T03:04:05Z");
}

TEST(Codec, AnObjectDefinedTwiceInAFileIsRefused) {
  ParsedManifests parsed = parse_manifests("f.yaml", std::string(kSite) + "---\n" + std::string(kSite));
  EXPECT_THAT(parsed.objects, SizeIs(1));
  ASSERT_THAT(parsed.problems, SizeIs(1));
  EXPECT_THAT(parsed.problems[0].message, HasSubstr("defined twice"));
}

TEST(Codec, ThousandsOfProblemsAreCutOff) {
  std::string text = policy_with("");
  for (int i = 0; i < 5000; ++i) text += "  unknown" + std::to_string(i) + ": 1\n";
  ParsedManifests parsed = parse_manifests("f.yaml", text);
  EXPECT_THAT(parsed.objects, IsEmpty());
  ASSERT_THAT(parsed.problems, SizeIs(1000));
  EXPECT_THAT(parsed.problems.back().message, HasSubstr("too many problems"));
}

TEST(Codec, ACanonicalSpecHasItsDefaultsAndRoundTrips) {
  ParsedManifests parsed = parse_manifests("f.yaml", connection_with("  ipsecPolicyRef: {name: p}\n"));
  ASSERT_THAT(parsed.objects, SizeIs(1));
  nlohmann::ordered_json spec = spec_to_json(parsed.objects[0]);
  EXPECT_EQ(spec["sharedKeySecretRef"]["key"], "psk");
  EXPECT_EQ(spec["dpdTimeoutSeconds"], 45);
  EXPECT_EQ(spec["ipsecPolicyRef"]["name"], "p");
  EXPECT_FALSE(spec.contains("localIdentity"));
  nlohmann::ordered_json manifest = {
      {"apiVersion", kApiVersion}, {"kind", "Connection"}, {"metadata", {{"name", "c"}}}, {"spec", spec}};
  ParsedManifests again = parse_manifests("g.yaml", to_yaml(manifest));
  ASSERT_THAT(again.objects, SizeIs(1)) << to_string(again.problems.at(0));
  EXPECT_EQ(spec_to_json(again.objects[0]).dump(), spec.dump());
}

TEST(Codec, TheCanonicalSpecDoesNotDependOnTheLayoutOfTheText) {
  ParsedManifests a = parse_manifests("a.yaml", kSite);
  ParsedManifests b =
      parse_manifests("b.yaml",
                      "spec: {addressPrefixes: ['10.61.0.0/16', \"10.62.0.0/16\"], gatewayIpAddress: "
                      "131.107.72.22}\nmetadata: {name: site6}\nkind: LocalNetworkGateway\n"
                      "apiVersion: hawser.dev/v1alpha1\n");
  ASSERT_THAT(b.objects, SizeIs(1));
  EXPECT_EQ(spec_to_json(a.objects[0]).dump(), spec_to_json(b.objects[0]).dump());
}

TEST(Codec, NullIsAbsentInAMapToo) {
  auto parsed = parse_manifests("f",
                                "apiVersion: hawser.dev/v1alpha1\nkind: VirtualNetworkGateway\n"
                                "metadata: {name: g}\nspec:\n  virtualNetworkRef: {name: n}\n"
                                "  nodeSelector: {a: null, b: c}\n");
  ASSERT_THAT(parsed.problems, IsEmpty());
  EXPECT_THAT(std::get<VirtualNetworkGateway>(parsed.objects[0]).spec.node_selector,
              ElementsAre(testing::Pair("b", "c")));
}

}  // namespace
}  // namespace hawser::api
