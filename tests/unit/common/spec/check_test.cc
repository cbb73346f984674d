#include "common/spec/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "common/catalog/algorithms.h"
#include "tests/unit/common/spec/good_spec.h"

namespace hawser::spec {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Case {
  const char* name;
  std::function<void(v1::ConnectionSpec&)> change;
  std::string field_path;  // empty: accepted
  std::string message_part;
};

class CheckTest : public ::testing::TestWithParam<Case> {};

TEST_P(CheckTest, NamesTheFieldAndWhatIsAllowed) {
  auto spec = good_spec();
  GetParam().change(spec);
  auto errors = check(spec);
  if (GetParam().field_path.empty()) {
    EXPECT_THAT(errors, IsEmpty());
    return;
  }
  ASSERT_EQ(errors.size(), 1U) << (errors.empty() ? "" : errors.back().field_path);
  EXPECT_EQ(errors[0].field_path, GetParam().field_path);
  EXPECT_THAT(errors[0].message, HasSubstr(GetParam().message_part));
  EXPECT_THAT(errors[0].message, HasSubstr("allowed: "));
}

using S = v1::ConnectionSpec;

INSTANTIATE_TEST_SUITE_P(
    Fields, CheckTest,
    ::testing::Values(
        Case{"good", [](S&) {}, "", ""},
        Case{"no_local_address", [](S& s) { s.clear_local_address(); }, "", ""},
        Case{"local_address_text", [](S& s) { s.set_local_address("gw.example"); }, "local_address", "'gw.example'"},
        Case{"local_address_multicast", [](S& s) { s.set_local_address("224.0.0.1"); }, "local_address", "unicast"},
        Case{"local_address_other_version", [](S& s) { s.set_local_address("2001:db8::1"); }, "local_address",
             "same IP version"},
        Case{"local_address_is_remote", [](S& s) { s.set_local_address("198.51.100.2"); }, "local_address",
             "other than remote_address"},
        Case{"remote_address_missing", [](S& s) { s.clear_remote_address(); }, "remote_address", "is missing"},
        Case{"remote_address_name", [](S& s) { s.set_remote_address("vpn.example"); }, "remote_address", "'vpn.example'"},
        Case{"remote_address_unspecified", [](S& s) { s.set_remote_address("0.0.0.0"); }, "remote_address", "unicast"},
        Case{"remote_address_loopback", [](S& s) { s.set_remote_address("127.0.0.1"); }, "remote_address", "unicast"},
        Case{"remote_address_broadcast", [](S& s) { s.set_remote_address("255.255.255.255"); }, "remote_address",
             "unicast"},
        Case{"remote_address_v6",
             [](S& s) {
               s.clear_local_address();
               s.set_remote_address("2001:db8::2");
             },
             "", ""},
        Case{"remote_address_v6_link_local",
             [](S& s) {
               s.clear_local_address();
               s.set_remote_address("fe80::2");
             },
             "remote_address", "without port or zone"},
        Case{"local_identity", [](S& s) { s.set_local_identity("gw.example.org"); }, "", ""},
        Case{"local_identity_control", [](S& s) { s.set_local_identity("a\nb"); }, "local_identity", "at most 255"},
        Case{"remote_identity_long", [](S& s) { s.set_remote_identity(std::string(256, 'a')); }, "remote_identity",
             "at most 255"},
        Case{"key_missing", [](S& s) { s.clear_shared_key(); }, "shared_key", "1..128"},
        Case{"key_long", [](S& s) { s.set_shared_key(std::string(129, 'k')); }, "shared_key", "1..128"},
        Case{"key_128", [](S& s) { s.set_shared_key(std::string(128, 'k')); }, "", ""},
        Case{"key_newline", [](S& s) { s.set_shared_key("Azs123\n"); }, "shared_key", "0x21-0x7E"},
        Case{"ike_encryption", [](S& s) { s.mutable_policy()->set_ike_encryption("GCMAES256"); },
             "policy.ike_encryption", "allowed: AES256, AES192, AES128, DES3, DES"},
        Case{"ike_integrity", [](S& s) { s.mutable_policy()->set_ike_integrity("SHA512"); }, "policy.ike_integrity",
             "allowed: SHA384, SHA256, SHA1, MD5"},
        Case{"dh_group_alias", [](S& s) { s.mutable_policy()->set_dh_group("DHGroup2048"); }, "policy.dh_group",
             "'DHGroup2048'"},
        Case{"dh_group_none", [](S& s) { s.mutable_policy()->set_dh_group("None"); }, "policy.dh_group", "ECP384"},
        Case{"ipsec_encryption", [](S& s) { s.mutable_policy()->set_ipsec_encryption("AES"); },
             "policy.ipsec_encryption", "GCMAES256"},
        Case{"ipsec_integrity", [](S& s) { s.mutable_policy()->set_ipsec_integrity("SHA384"); },
             "policy.ipsec_integrity", "allowed: SHA256, SHA1, MD5"},
        Case{"gcm_with_other_integrity", [](S& s) { s.mutable_policy()->set_ipsec_encryption("GCMAES256"); },
             "policy.ipsec_integrity", "allowed: GCMAES256"},
        Case{"integrity_gcm_alone", [](S& s) { s.mutable_policy()->set_ipsec_integrity("GCMAES128"); },
             "policy.ipsec_integrity", "'GCMAES128'"},
        Case{"gcm_pair",
             [](S& s) {
               s.mutable_policy()->set_ipsec_encryption("GCMAES192");
               s.mutable_policy()->set_ipsec_integrity("GCMAES192");
             },
             "", ""},
        Case{"pfs_alias", [](S& s) { s.mutable_policy()->set_pfs_group("PFS14"); }, "policy.pfs_group", "'PFS14'"},
        Case{"pfs_mm", [](S& s) { s.mutable_policy()->set_pfs_group("PFSMM"); }, "policy.pfs_group", "PFS2048"},
        Case{"life_time", [](S& s) { s.mutable_policy()->set_sa_life_time_seconds(9); }, "policy.sa_life_time_seconds",
             "10.."},
        Case{"life_time_10", [](S& s) { s.mutable_policy()->set_sa_life_time_seconds(10); }, "", ""},
        Case{"data_size", [](S& s) { s.mutable_policy()->set_sa_data_size_kilobytes(0); },
             "policy.sa_data_size_kilobytes", "16.."},
        Case{"local_prefixes_none", [](S& s) { s.clear_local_prefixes(); }, "local_prefixes", "1..64"},
        Case{"local_prefix_host_bits", [](S& s) { s.set_local_prefixes(1, "10.12.0.1/16"); }, "local_prefixes[1]",
             "did you mean '10.12.0.0/16'"},
        Case{"remote_prefixes_65",
             [](S& s) {
               while (s.remote_prefixes_size() < 65) s.add_remote_prefixes("10.61.0.0/16");
             },
             "remote_prefixes", "65 entries"},
        Case{"remote_prefix_text", [](S& s) { s.set_remote_prefixes(0, "all"); }, "remote_prefixes[0]", "'all'"},
        Case{"mode", [](S& s) { s.set_mode(v1::CONNECTION_MODE_UNSPECIFIED); }, "mode", "CONNECTION_MODE_DEFAULT"},
        Case{"mode_unknown", [](S& s) { s.set_mode(static_cast<v1::ConnectionMode>(77)); }, "mode", "'77'"},
        Case{"data_plane", [](S& s) { s.set_data_plane(v1::DATA_PLANE_KIND_UNSPECIFIED); }, "data_plane",
             "DATA_PLANE_KIND_AUTO"},
        Case{"dpd_low", [](S& s) { s.set_dpd_timeout_seconds(2); }, "dpd_timeout_seconds", "3..3600"},
        Case{"dpd_high", [](S& s) { s.set_dpd_timeout_seconds(3601); }, "dpd_timeout_seconds", "3..3600"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(CheckSpec, SaysAllProblemsAtOnce) {
  v1::ConnectionSpec empty;
  // A row for each required field; local_address and the identities may be empty.
  EXPECT_EQ(check(empty).size(), 15U);
}

TEST(CheckSpec, NeverRepeatsTheSharedKey) {
  auto spec = good_spec();
  spec.set_shared_key("canary key 7\n");
  auto errors = check(spec);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(errors[0].message, Not(HasSubstr("canary")));
}

TEST(CheckSpec, AcceptsEverySuiteOfTheCatalogue) {
  for (const auto& row : catalog::kEncryption) {
    for (const auto& integrity : catalog::kIntegrity) {
      for (const auto& group : catalog::kGroup) {
        auto spec = good_spec();
        auto* policy = spec.mutable_policy();
        if (row.ike) policy->set_ike_encryption(std::string(row.name));
        policy->set_ike_integrity(std::string(integrity.name));
        policy->set_dh_group(std::string(group.name));
        policy->set_pfs_group(std::string(group.pfs_name));
        if (row.esp && (row.aead() || integrity.esp)) {
          policy->set_ipsec_encryption(std::string(row.name));
          policy->set_ipsec_integrity(std::string(row.aead() ? row.name : integrity.name));
        }
        EXPECT_THAT(check(spec), IsEmpty()) << policy->ShortDebugString();
      }
    }
  }
}

}  // namespace
}  // namespace hawser::spec
