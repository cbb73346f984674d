#include "operator/store/manifest_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/operator/store/samples.h"

namespace hawser::store {
namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;

class ManifestSetTest : public ::testing::Test {
 protected:
  std::shared_ptr<const SourceSnapshot> build() { return set_.build(metadata_, WallTime{}); }
  ManifestSet set_;
  FakeMetadata metadata_;
};

TEST_F(ManifestSetTest, GathersTheObjectsOfAllFiles) {
  set_.put("a.yaml", policy_yaml("one") + "---\n" + policy_yaml("two"));
  set_.put("b.yaml", policy_yaml("three"));
  auto snapshot = build();
  EXPECT_EQ(snapshot->objects.ipsec_policies.size(), 3u);
  EXPECT_TRUE(snapshot->broken.empty());
  EXPECT_TRUE(snapshot->complete);
}

TEST_F(ManifestSetTest, GenerationRisesWithTheSpecOnly) {
  set_.put("a.yaml", policy_yaml("one"));
  EXPECT_EQ(build()->objects.ipsec_policies.at("default/one").meta.generation, 1);
  set_.put("a.yaml", "# a comment\n" + policy_yaml("one"));
  EXPECT_EQ(build()->objects.ipsec_policies.at("default/one").meta.generation, 1);
  set_.put("a.yaml", policy_yaml("one", "AES128"));
  EXPECT_EQ(build()->objects.ipsec_policies.at("default/one").meta.generation, 2);
}

TEST_F(ManifestSetTest, AFileThatDoesNotParseKeepsItsObjects) {
  set_.put("a.yaml", policy_yaml("one"));
  build();
  set_.put("a.yaml", "kind: [");
  auto snapshot = build();
  ASSERT_TRUE(snapshot->objects.ipsec_policies.contains("default/one"));
  ASSERT_TRUE(snapshot->broken.contains(policy_key("one")));
  EXPECT_THAT(snapshot->broken.at(policy_key("one")).message, HasSubstr("a.yaml:1:"));
  EXPECT_TRUE(snapshot->complete) << "its objects are known by name";
  EXPECT_THAT(set_.take_notices(),
              Contains(Field(&Notice::text, HasSubstr("keeps its objects as last read"))));
}

TEST_F(ManifestSetTest, AnObjectWithAnErrorKeepsItsLastGoodVersionAndTheOthersOfTheFileMoveOn) {
  set_.put("a.yaml", policy_yaml("one") + "---\n" + policy_yaml("two"));
  build();
  set_.put("a.yaml", policy_yaml("one") + "  nonsense: 1\n---\n" + policy_yaml("two", "AES128"));
  auto snapshot = build();
  EXPECT_EQ(snapshot->objects.ipsec_policies.at("default/one").spec.ike_encryption, "AES256");
  EXPECT_EQ(snapshot->objects.ipsec_policies.at("default/two").spec.ike_encryption, "AES128");
  EXPECT_THAT(snapshot->broken.at(policy_key("one")).message, HasSubstr("nonsense"));
  EXPECT_FALSE(snapshot->broken.contains(policy_key("two")));
}

TEST_F(ManifestSetTest, AMendedFileIsNoLongerBroken) {
  set_.put("a.yaml", policy_yaml("one"));
  set_.put("a.yaml", "kind: [");
  set_.put("a.yaml", policy_yaml("one", "AES192"));
  auto snapshot = build();
  EXPECT_TRUE(snapshot->broken.empty());
  EXPECT_EQ(snapshot->objects.ipsec_policies.at("default/one").spec.ike_encryption, "AES192");
}

TEST_F(ManifestSetTest, AnObjectThatNeverWasGoodIsKnownByNameOnly) {
  set_.put("a.yaml", policy_yaml("one") + "  nonsense: 1\n");
  auto snapshot = build();
  EXPECT_TRUE(snapshot->objects.ipsec_policies.empty());
  EXPECT_TRUE(snapshot->broken.contains(policy_key("one")));
  EXPECT_TRUE(snapshot->complete);
}

TEST_F(ManifestSetTest, AFileThatNeverParsedMakesTheSetIncomplete) {
  set_.put("a.yaml", policy_yaml("one"));
  set_.put("b.yaml", "kind: [");
  EXPECT_FALSE(build()->complete);
  set_.put("b.yaml", policy_yaml("two"));
  EXPECT_TRUE(build()->complete);
  set_.put("c.yaml", "kind: [");
  EXPECT_FALSE(build()->complete);
  set_.erase("c.yaml");
  EXPECT_TRUE(build()->complete);
}

TEST_F(ManifestSetTest, ObjectsRemovedFromAFileOrWithItAreGone) {
  set_.put("a.yaml", policy_yaml("one") + "---\n" + policy_yaml("two"));
  set_.put("b.yaml", policy_yaml("three"));
  build();
  set_.put("a.yaml", policy_yaml("one"));
  set_.erase("b.yaml");
  auto snapshot = build();
  EXPECT_EQ(snapshot->objects.ipsec_policies.size(), 1u);
  EXPECT_TRUE(snapshot->broken.empty());
}

TEST_F(ManifestSetTest, AnEmptyFileHasNoObjectsAndIsNoError) {
  set_.put("a.yaml", "");
  auto snapshot = build();
  EXPECT_TRUE(snapshot->complete);
  EXPECT_TRUE(snapshot->broken.empty());
}

TEST_F(ManifestSetTest, AFileEmptiedInPlaceKeepsItsObjectsUntilItIsWritten) {
  set_.put("a.yaml", policy_yaml("one"));
  set_.put("a.yaml", "");
  EXPECT_EQ(build()->objects.ipsec_policies.size(), 1u);
  EXPECT_FALSE(build()->broken.empty());
  set_.put("a.yaml", policy_yaml("two"));
  EXPECT_TRUE(build()->objects.ipsec_policies.contains("default/two"));
  EXPECT_EQ(build()->objects.ipsec_policies.size(), 1u);
  set_.put("a.yaml", "# nothing any more\n");
  EXPECT_TRUE(build()->objects.ipsec_policies.empty());
  EXPECT_TRUE(build()->broken.empty());
}

TEST_F(ManifestSetTest, TheSameObjectInTwoFilesNamesBothAndTheFirstOneStays) {
  set_.put("b.yaml", policy_yaml("one"));
  build();
  set_.put("a.yaml", policy_yaml("one", "AES128"));
  auto snapshot = build();
  EXPECT_EQ(snapshot->objects.ipsec_policies.at("default/one").spec.ike_encryption, "AES256");
  EXPECT_THAT(snapshot->broken.at(policy_key("one")).message,
              HasSubstr("is in a.yaml and b.yaml; keep it in one of them"));
  set_.erase("b.yaml");
  snapshot = build();
  EXPECT_EQ(snapshot->objects.ipsec_policies.at("default/one").spec.ike_encryption, "AES128");
  EXPECT_TRUE(snapshot->broken.empty());
}

TEST_F(ManifestSetTest, TheSameObjectInTwoFilesFromTheStartIsNeither) {
  set_.put("a.yaml", policy_yaml("one"));
  set_.put("b.yaml", policy_yaml("one", "AES128"));
  auto snapshot = build();
  EXPECT_TRUE(snapshot->objects.ipsec_policies.empty());
  EXPECT_TRUE(snapshot->broken.contains(policy_key("one")));
}

TEST_F(ManifestSetTest, TheSameObjectTwiceInOneFileIsAnError) {
  set_.put("a.yaml", policy_yaml("one") + "---\n" + policy_yaml("one", "AES128"));
  auto snapshot = build();
  EXPECT_TRUE(snapshot->broken.contains(policy_key("one")));
}

TEST_F(ManifestSetTest, OtherApiGroupsAreToldOnce) {
  const std::string other = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n";
  set_.put("a.yaml", other);
  EXPECT_THAT(set_.take_notices(),
              Contains(Field(&Notice::text, HasSubstr("apps/v1 Deployment default/web"))));
  set_.put("a.yaml", other + "# again\n");
  EXPECT_TRUE(set_.take_notices().empty());
}

TEST_F(ManifestSetTest, AnUnreadableFileKeepsItsObjects) {
  set_.put("a.yaml", policy_yaml("one"));
  build();
  set_.put_unreadable("a.yaml", "cannot be read: Permission denied");
  auto snapshot = build();
  EXPECT_TRUE(snapshot->objects.ipsec_policies.contains("default/one"));
  EXPECT_THAT(snapshot->broken.at(policy_key("one")).message, HasSubstr("Permission denied"));
  set_.put_unreadable("new.yaml", "cannot be read: Permission denied");
  EXPECT_FALSE(build()->complete);
}

TEST_F(ManifestSetTest, SecretsAreCopiedIntoEachSnapshot) {
  set_.put("s.yaml", secret_yaml("psk", "abc"));
  auto first = build();
  auto second = build();
  EXPECT_TRUE(set_.has_secret("s.yaml"));
  EXPECT_FALSE(set_.has_secret("t.yaml"));
  EXPECT_EQ(first->objects.secrets.at("default/psk").spec.values.at("psk"),
            second->objects.secrets.at("default/psk").spec.values.at("psk"));
}

TEST(ParseKey, ReadsWhatToStringWrites) {
  const api::ObjectKey key{api::Kind::Connection, "prod", "a-b"};
  api::ObjectKey parsed;
  ASSERT_TRUE(parse_key(key.to_string(), parsed));
  EXPECT_EQ(parsed, key);
  for (const char* text :
       {"", "Connection", "Connection default", "Pod default/x", "Connection /x", "Connection default/"})
    EXPECT_FALSE(parse_key(text, parsed)) << text;
}

}  // namespace
}  // namespace hawser::store
