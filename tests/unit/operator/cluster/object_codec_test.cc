#include "operator/cluster/object_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hawser::cluster {
namespace {

using ::testing::HasSubstr;

nlohmann::json policy() {
  return nlohmann::json::parse(R"({
    "apiVersion": "hawser.dev/v1alpha1", "kind": "IpsecPolicy",
    "metadata": {"name": "p", "namespace": "a", "uid": "u-1", "generation": 4, "resourceVersion": "77",
                 "creationTimestamp": "2026-11-23T19:53:59Z", "finalizers": ["x/y"], "somethingNew": {"a": 1},
                 "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{\"a\": \"\n\"}"}},
    "spec": {"ikeEncryption": "AES256", "ikeIntegrity": "SHA384", "dhGroup": "ECP384",
             "ipsecEncryption": "GCMAES256", "ipsecIntegrity": "GCMAES256", "pfsGroup": "ECP384",
             "saLifeTimeSeconds": 300},
    "status": {"anything": true}})");
}

TEST(ObjectCodec, TakesTheServersMetadataAndLooksAtNothingElseOfIt) {
  auto json = policy();
  DecodedObject decoded = decode_object(api::Kind::IpsecPolicy, json);
  ASSERT_TRUE(decoded.object) << decoded.fault;
  const auto& object = std::get<api::IpsecPolicy>(*decoded.object);
  EXPECT_EQ(object.meta.namespace_, "a");
  EXPECT_EQ(object.meta.name, "p");
  EXPECT_EQ(object.meta.uid, "u-1");
  EXPECT_EQ(object.meta.generation, 4);
  EXPECT_EQ(object.meta.creation_timestamp, "2026-11-23T19:53:59Z");
  EXPECT_EQ(object.spec.sa_life_time_seconds, 300);
  EXPECT_EQ(object.spec.sa_data_size_kilobytes, 102400000);
  EXPECT_TRUE(object.positions.empty());
  EXPECT_EQ(resource_version_of(json), 77u);
}

TEST(ObjectCodec, SaysWhatIsWrongWithAnObjectFromBeforeTheRules) {
  auto json = policy();
  json["spec"]["saLifeTimeSeconds"] = "long";
  json["spec"]["dhGroup"] = 14;
  DecodedObject decoded = decode_object(api::Kind::IpsecPolicy, json);
  EXPECT_FALSE(decoded.object);
  EXPECT_THAT(decoded.fault, HasSubstr("; spec.saLifeTimeSeconds: "));
  EXPECT_THAT(decoded.fault, HasSubstr("spec.dhGroup: "));
}

// The CRDs are newer than this operator: they are kept when it is rolled back.
TEST(ObjectCodec, FieldsOfANewerVersionBreakNothing) {
  auto json = policy();
  json["spec"]["colour"] = {{"name", "red"}};
  DecodedObject decoded = decode_object(api::Kind::IpsecPolicy, json);
  ASSERT_TRUE(decoded.object) << decoded.fault;
  EXPECT_EQ(std::get<api::IpsecPolicy>(*decoded.object).spec.sa_life_time_seconds, 300);
  auto connection = nlohmann::json::parse(R"({"metadata": {"name": "c", "namespace": "a"}, "spec": {
    "virtualNetworkGatewayRef": {"name": "g", "namespace": "b"}, "localNetworkGatewayRef": {"name": "s"},
    "sharedKeySecretRef": {"name": "psk", "version": 2}}})");
  decoded = decode_object(api::Kind::Connection, connection);
  ASSERT_TRUE(decoded.object) << decoded.fault;
  EXPECT_EQ(std::get<api::Connection>(*decoded.object).spec.virtual_network_gateway_ref, "g");
}

TEST(ObjectCodec, AnObjectWithoutASpecOrOfNoShapeIsBroken) {
  auto json = policy();
  json.erase("spec");
  EXPECT_THAT(decode_object(api::Kind::IpsecPolicy, json).fault, HasSubstr("spec: is missing"));
  nlohmann::json none;
  EXPECT_FALSE(decode_object(api::Kind::Connection, none).object);
}

TEST(ObjectCodec, ReadsASecretAndLeavesNothingOfItBehind) {
  auto json =
      nlohmann::json::parse(R"({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "immutable": true,
    "metadata": {"name": "s", "namespace": "a", "uid": "u"}, "data": {"psk": "QXpzMTIz"}})");
  DecodedObject decoded = decode_object(api::Kind::Secret, json);
  ASSERT_TRUE(decoded.object) << decoded.fault;
  const auto& values = std::get<api::Secret>(*decoded.object).spec.values;
  ASSERT_TRUE(values.contains("psk"));
  EXPECT_TRUE(values.at("psk") == SecretBytes(as_bytes("Azs123")));
  EXPECT_THAT(json.dump(), ::testing::Not(HasSubstr("QXpz")));
}

TEST(ObjectCodec, AResourceVersionThatIsNoNumberIsNone) {
  EXPECT_EQ(resource_version_of(nlohmann::json::parse(R"({"metadata": {"resourceVersion": "12x"}})")), 0u);
  EXPECT_EQ(resource_version_of(nlohmann::json::parse(R"({"metadata": []})")), 0u);
  EXPECT_EQ(resource_version_of(nlohmann::json()), 0u);
}

}  // namespace
}  // namespace hawser::cluster
