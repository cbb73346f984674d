#include "operator/api/names.h"

#include <gtest/gtest.h>

#include <string>

namespace hawser::api {
namespace {

TEST(Names, OfObjectsAreDnsSubdomains) {
  for (const auto& name : {std::string("a"), std::string("a-1.b"), std::string(253, 'a')})
    EXPECT_TRUE(is_object_name(name)) << name;
  for (const auto& name : {std::string(), std::string("A"), std::string("-a"), std::string("a-"),
                           std::string("a..b"), std::string(".a"), std::string("a_b"), std::string("a/b"),
                           std::string("../a"), std::string(254, 'a')})
    EXPECT_FALSE(is_object_name(name)) << name;
}

TEST(Names, KeysOfASecretLeadNowhereElse) {
  for (const auto* key : {"psk", "a.b", ".a", "A_b-c", "a..b"}) EXPECT_TRUE(is_data_key(key)) << key;
  for (const auto* key : {"", ".", "..", "..a", "a/b", "a b"}) EXPECT_FALSE(is_data_key(key)) << key;
  EXPECT_FALSE(is_data_key(std::string(254, 'a')));
}

TEST(Names, OfLabels) {
  const std::string longest(63, 'a');
  for (const auto& key :
       {std::string("a"), std::string("kubernetes.io/host-name_1.A"), std::string(253, 'a') + "/" + longest})
    EXPECT_TRUE(is_label_key(key)) << key;
  for (const auto& key :
       {std::string(), std::string("a/"), std::string("/a"), std::string("a/b/c"), std::string("A/b"),
        std::string("a b"), longest + "a", std::string(254, 'a') + "/a"})
    EXPECT_FALSE(is_label_key(key)) << key;
  for (const auto& value : {std::string(), std::string("A.b_c-1"), longest})
    EXPECT_TRUE(is_label_value(value)) << value;
  for (const auto& value : {std::string("-a"), std::string("a."), std::string("a/b"), longest + "a"})
    EXPECT_FALSE(is_label_value(value)) << value;
}

TEST(Names, CharactersAreThoseOfUtf8) {
  EXPECT_EQ(characters(""), 0);
  EXPECT_EQ(characters("abc"), 3);
  EXPECT_EQ(characters("z\xc3\xbcrich\xe2\x82\xac"), 7);
}

}  // namespace
}  // namespace hawser::api
