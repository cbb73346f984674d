#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operator/api/kinds.h"
#include "operator/api/status.h"

namespace hawser::policy {

// A build of Azure Stack, by the one proposal it makes and accepts without a policy (contracts, section 2).
struct ProfileRow {
  std::string_view name;
  std::string_view ike_encryption, ike_integrity, dh_group, ipsec_encryption, ipsec_integrity, pfs_group;
  int64_t sa_life_time_seconds;
  int64_t sa_data_size_kilobytes;
};
// The row of a name; that of the default profile for a name that is not there (the codec refuses those).
const ProfileRow& find_profile(std::string_view name);

// The values in canonical spelling; PFSMM becomes the PFS name of dhGroup's group. Source and name stay
// empty.
api::EffectivePolicy canonical(const api::IpsecPolicySpec& spec);

struct WeakField {
  std::string_view field;   // "ikeIntegrity"
  std::string value;        // "SHA1"
  std::string_view better;  // "SHA256"
};
std::vector<WeakField> weak_fields(const api::EffectivePolicy& policy);

}  // namespace hawser::policy
