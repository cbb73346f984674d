#include "operator/kube/object_versions.h"

#include <gtest/gtest.h>

#include "operator/kube/resource_version.h"

namespace hawser::kube {
namespace {

nlohmann::json thing(const std::string& name, const std::string& version) {
  return {{"metadata", {{"namespace", "a"}, {"name", name}, {"resourceVersion", version}}}};
}

TEST(ResourceVersion, LongerIsNewerThenText) {
  EXPECT_TRUE(newer("10", "9"));
  EXPECT_FALSE(newer("9", "10"));
  EXPECT_TRUE(newer("11", "10"));
  EXPECT_FALSE(newer("10", "10"));
  EXPECT_TRUE(newer("1", ""));
  EXPECT_TRUE(newer("340282366920938463463374607431768211456", "99999999999999999999")) << "of any size";
}

TEST(ObjectVersions, AListTellsWhatIsNewAndWhatIsGone) {
  ObjectVersions versions;
  std::vector<ObjectChange> changes;
  ASSERT_TRUE(versions.replace({{"a/x", thing("x", "3")}, {"a/y", thing("y", "4")}}, "9", false, changes));
  EXPECT_EQ(changes.size(), 2u);
  changes.clear();
  ASSERT_TRUE(versions.replace({{"a/x", thing("x", "3")}, {"a/z", thing("z", "11")}}, "12", false, changes));
  ASSERT_EQ(changes.size(), 2u) << "x is as it was";
  EXPECT_EQ(changes[0].type, ObjectChange::Type::Delete);
  EXPECT_EQ(changes[0].key, "a/y");
  EXPECT_TRUE(changes[0].object.is_null()) << "nobody saw its last state";
  EXPECT_EQ(changes[1].key, "a/z");
  EXPECT_EQ(versions.version(), "12");
}

TEST(ObjectVersions, AnOlderListIsRefusedUnlessItIsTheNewest) {
  ObjectVersions versions;
  std::vector<ObjectChange> changes;
  ASSERT_TRUE(versions.replace({{"a/x", thing("x", "90")}}, "100", false, changes));
  changes.clear();
  EXPECT_FALSE(versions.replace({}, "99", false, changes));
  EXPECT_TRUE(changes.empty());
  // etcd was restored from a backup.
  EXPECT_TRUE(versions.replace({{"a/x", thing("x", "50")}}, "60", true, changes));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(versions.version(), "60");
}

TEST(ObjectVersions, EachStateComesOnce) {
  ObjectVersions versions;
  EXPECT_TRUE(versions.upsert(thing("x", "9")));
  EXPECT_FALSE(versions.upsert(thing("x", "9")));
  EXPECT_TRUE(versions.upsert(thing("x", "10")));
  EXPECT_FALSE(versions.upsert(thing("x", "9")));
  EXPECT_EQ(versions.version(), "10");
}

TEST(ObjectVersions, AnOldEventNeitherRevivesNorDeletes) {
  ObjectVersions versions;
  EXPECT_TRUE(versions.upsert(thing("x", "5")));
  auto gone = versions.remove(thing("x", "7"));
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->type, ObjectChange::Type::Delete);
  EXPECT_EQ(gone->object["metadata"]["name"], "x") << "its last state is known";
  EXPECT_FALSE(versions.upsert(thing("x", "6")));
  EXPECT_TRUE(versions.upsert(thing("x", "9")));
  EXPECT_FALSE(versions.remove(thing("x", "7")));
  EXPECT_EQ(versions.size(), 1u);
}

TEST(ObjectVersions, WhatIsNoObjectHasNoKey) {
  for (const char* text : {"null", "[]", "{}", R"({"metadata":{"name":3,"resourceVersion":"1"}})",
                           R"({"metadata":{"name":"x"}})", R"({"metadata":"x"})"}) {
    EXPECT_EQ(key_of(nlohmann::json::parse(text)), "") << text;
  }
  EXPECT_EQ(key_of(thing("x", "1")), "a/x");
  EXPECT_EQ(key_of({{"metadata", {{"name", "node1"}, {"resourceVersion", "1"}}}}), "node1");
}

}  // namespace
}  // namespace hawser::kube
