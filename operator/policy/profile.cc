#include "operator/policy/profile.h"

#include <algorithm>
#include <array>

#include "common/catalog/algorithms.h"
#include "operator/policy/policy.h"

namespace hawser::policy {
namespace {

// clang-format off
constexpr std::array kProfiles = std::to_array<ProfileRow>({
    {"AzureStack1910", "AES256", "SHA384", "ECP384",   "GCMAES256", "GCMAES256", "ECP384", 27000, 33553408},
    {"AzureStack1811", "AES256", "SHA256", "DHGroup2", "GCMAES256", "GCMAES256", "None",   27000, 33553408},
});
// clang-format on

template <typename Row>
bool weak(const Row* row) {
  return row != nullptr && row->strength == catalog::Strength::Weak;
}

}  // namespace

const ProfileRow& find_profile(std::string_view name) {
  auto it = std::ranges::find(kProfiles, name, &ProfileRow::name);
  return it == kProfiles.end() ? kProfiles.front() : *it;
}

api::EffectivePolicy canonical(const api::IpsecPolicySpec& spec) {
  api::EffectivePolicy out;
  out.ike_encryption = spec.ike_encryption;
  out.ike_integrity = spec.ike_integrity;
  out.dh_group = catalog::canonical_group(spec.dh_group);
  out.ipsec_encryption = spec.ipsec_encryption;
  out.ipsec_integrity = spec.ipsec_integrity;
  out.pfs_group = catalog::canonical_pfs_group(spec.pfs_group);
  const auto* group = catalog::find_group(std::string_view(spec.dh_group));
  if (spec.pfs_group == catalog::kPfsMainMode && group != nullptr) out.pfs_group = group->pfs_name;
  out.sa_life_time_seconds = spec.sa_life_time_seconds;
  out.sa_data_size_kilobytes = spec.sa_data_size_kilobytes;
  return out;
}

api::EffectivePolicy effective_policy(const api::IpsecPolicy* policy,
                                      const api::VirtualNetworkGateway& gateway) {
  if (policy != nullptr) {
    api::EffectivePolicy out = canonical(policy->spec);
    out.source = "IpsecPolicy";
    out.name = policy->meta.name;
    return out;
  }
  const ProfileRow& row = find_profile(gateway.spec.profile);
  api::EffectivePolicy out;
  out.source = "Profile";
  out.name = row.name;
  out.ike_encryption = row.ike_encryption;
  out.ike_integrity = row.ike_integrity;
  out.dh_group = row.dh_group;
  out.ipsec_encryption = row.ipsec_encryption;
  out.ipsec_integrity = row.ipsec_integrity;
  out.pfs_group = row.pfs_group;
  out.sa_life_time_seconds = row.sa_life_time_seconds;
  out.sa_data_size_kilobytes = row.sa_data_size_kilobytes;
  return out;
}

std::vector<WeakField> weak_fields(const api::EffectivePolicy& policy) {
  std::vector<WeakField> out;
  if (weak(catalog::find_ike_encryption(policy.ike_encryption)))
    out.push_back({"ikeEncryption", policy.ike_encryption, "AES256"});
  if (weak(catalog::find_ike_integrity(policy.ike_integrity)))
    out.push_back({"ikeIntegrity", policy.ike_integrity, "SHA256"});
  if (weak(catalog::find_group(std::string_view(policy.dh_group))))
    out.push_back({"dhGroup", policy.dh_group, "ECP384"});
  if (weak(catalog::find_esp_encryption(policy.ipsec_encryption)))
    out.push_back({"ipsecEncryption", policy.ipsec_encryption, "GCMAES256"});
  if (weak(catalog::find_esp_integrity(policy.ipsec_integrity)))
    out.push_back({"ipsecIntegrity", policy.ipsec_integrity, "SHA256"});
  if (weak(catalog::find_pfs_group(policy.pfs_group)))
    out.push_back({"pfsGroup", policy.pfs_group, "ECP384"});
  return out;
}

std::vector<std::string> weak_algorithms(const api::EffectivePolicy& policy) {
  std::vector<std::string> out;
  for (const auto& weak_field : weak_fields(policy))
    out.push_back(std::string(weak_field.field) + " " + weak_field.value);
  return out;
}

}  // namespace hawser::policy
