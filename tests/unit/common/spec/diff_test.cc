#include "common/spec/diff.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/common/spec/good_spec.h"

namespace hawser::spec {
namespace {

// What each field's change does. A field that is added to the message and not here fails EveryFieldHasARow.
const std::map<std::string, Impact> kExpected = {
    {"local_address", Impact::Recreate},
    {"remote_address", Impact::Recreate},
    {"local_identity", Impact::ReplaceIkeSa},
    {"remote_identity", Impact::ReplaceIkeSa},
    {"shared_key", Impact::ReplaceIkeSa},
    {"policy.ike_encryption", Impact::ReplaceIkeSa},
    {"policy.ike_integrity", Impact::ReplaceIkeSa},
    {"policy.dh_group", Impact::ReplaceIkeSa},
    {"policy.ipsec_encryption", Impact::RekeyChild},
    {"policy.ipsec_integrity", Impact::RekeyChild},
    {"policy.pfs_group", Impact::RekeyChild},
    {"policy.sa_life_time_seconds", Impact::RekeyChild},
    {"policy.sa_data_size_kilobytes", Impact::RekeyChild},
    {"local_prefixes", Impact::InPlace},
    {"remote_prefixes", Impact::InPlace},
    {"mode", Impact::InPlace},
    {"dpd_timeout_seconds", Impact::InPlace},
    {"data_plane", Impact::Recreate},
};

void alter(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field) {
  using Field = google::protobuf::FieldDescriptor;
  const auto& access = *message.GetReflection();
  if (field.is_repeated()) {
    access.AddString(&message, &field, "10.99.0.0/16");
  } else if (field.cpp_type() == Field::CPPTYPE_STRING) {
    access.SetString(&message, &field, access.GetString(message, &field) + "x");
  } else if (field.cpp_type() == Field::CPPTYPE_UINT32) {
    access.SetUInt32(&message, &field, access.GetUInt32(message, &field) + 1);
  } else {
    ASSERT_EQ(field.cpp_type(), Field::CPPTYPE_ENUM) << field.name();
    access.SetEnumValue(&message, &field, access.GetEnumValue(message, &field) + 1);
  }
}

TEST(DiffSpec, EveryFieldHasItsImpact) {
  size_t seen = 0;
  const auto& top = *v1::ConnectionSpec::descriptor();
  for (int i = 0; i < top.field_count(); ++i) {
    const auto& field = *top.field(i);
    if (field.name() == "policy") continue;
    auto after = good_spec();
    alter(after, field);
    ASSERT_TRUE(kExpected.contains(field.name())) << field.name();
    EXPECT_EQ(diff(good_spec(), after), kExpected.at(field.name())) << field.name();
    ++seen;
  }
  const auto& policy = *v1::IpsecPolicy::descriptor();
  for (int i = 0; i < policy.field_count(); ++i) {
    const std::string name = "policy." + policy.field(i)->name();
    auto after = good_spec();
    alter(*after.mutable_policy(), *policy.field(i));
    ASSERT_TRUE(kExpected.contains(name)) << name;
    EXPECT_EQ(diff(good_spec(), after), kExpected.at(name)) << name;
    ++seen;
  }
  EXPECT_EQ(seen, kExpected.size());
}

TEST(DiffSpec, TheSameIsNone) { EXPECT_EQ(diff(good_spec(), good_spec()), Impact::None); }

TEST(DiffSpec, TheWorstChangeDecides) {
  auto after = good_spec();
  after.set_dpd_timeout_seconds(30);
  after.mutable_policy()->set_pfs_group("ECP256");
  EXPECT_EQ(diff(good_spec(), after), Impact::RekeyChild);
  after.set_shared_key("other");
  EXPECT_EQ(diff(good_spec(), after), Impact::ReplaceIkeSa);
}

TEST(DiffSpec, TheOrderOfPrefixesDoesNotMatter) {
  auto after = good_spec();
  after.mutable_remote_prefixes()->SwapElements(0, 1);
  after.mutable_local_prefixes()->SwapElements(0, 1);
  EXPECT_EQ(diff(good_spec(), after), Impact::None);
}

TEST(DiffSpec, Ipv6OnBothSidesChangesTheSelectors) {
  auto after = good_spec();
  after.add_local_prefixes("2001:db8:1::/48");
  EXPECT_EQ(diff(good_spec(), after), Impact::InPlace);
  after.add_remote_prefixes("2001:db8:2::/48");
  EXPECT_EQ(diff(good_spec(), after), Impact::RekeyChild);
}

}  // namespace
}  // namespace hawser::spec
