#include "operator/api/object_set.h"

#include <gtest/gtest.h>

#include "operator/api/codec.h"

namespace hawser::api {
namespace {

constexpr std::string_view kNetwork =
    "apiVersion: hawser.dev/v1alpha1\nkind: VirtualNetwork\nmetadata: {name: n, namespace: a}\nspec:\n"
    "  addressPrefixes: [10.0.0.0/8]\n  subnets:\n  - name: x\n    addressPrefix: 10.0.0.0/9\n";

TEST(ObjectSet, TakesEachNameOfAKindAndNamespaceOnce) {
  ObjectSet set;
  ParsedManifests first = parse_manifests("1.yaml", kNetwork);
  ParsedManifests second = parse_manifests("2.yaml", kNetwork);
  EXPECT_TRUE(insert(set, first.objects.at(0)));
  EXPECT_FALSE(insert(set, second.objects.at(0)));
  EXPECT_EQ(meta_of(second.objects[0]).name, "n") << "a refused object is untouched";
  const ObjectKey key{Kind::VirtualNetwork, "a", "n"};
  EXPECT_TRUE(contains(set, key));
  EXPECT_FALSE(contains(set, {Kind::IpsecPolicy, "a", "n"}));
  EXPECT_EQ(key.to_string(), "VirtualNetwork a/n");
}

TEST(ObjectSet, FindsTheNearestPositionAboveAField) {
  ObjectSet set;
  ParsedManifests parsed = parse_manifests("1.yaml", kNetwork);
  ASSERT_TRUE(insert(set, parsed.objects.at(0)));
  const Positions* positions = positions_of(set, {Kind::VirtualNetwork, "a", "n"});
  ASSERT_NE(positions, nullptr);
  EXPECT_EQ(position_of(*positions, "spec.subnets[0].addressPrefix").line, 8);
  EXPECT_EQ(position_of(*positions, "spec.subnets[0].missing").line, 7);
  EXPECT_EQ(position_of(*positions, "spec.subnets[9].name").line, 7);
  EXPECT_EQ(position_of(*positions, "nothing.like.it").line, 1);
  EXPECT_EQ(position_of({}, "spec").line, 0);
}

}  // namespace
}  // namespace hawser::api
