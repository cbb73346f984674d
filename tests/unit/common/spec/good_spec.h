#pragma once

#include "hawser/v1/state.pb.h"

namespace hawser::spec {

// The walkthrough's connection with its sample policy.
inline v1::ConnectionSpec good_spec() {
  v1::ConnectionSpec spec;
  spec.set_local_address("203.0.113.1");
  spec.set_remote_address("198.51.100.2");
  spec.set_shared_key("Azs123");
  auto* policy = spec.mutable_policy();
  policy->set_ike_encryption("AES128");
  policy->set_ike_integrity("SHA1");
  policy->set_dh_group("DHGroup14");
  policy->set_ipsec_encryption("AES256");
  policy->set_ipsec_integrity("SHA256");
  policy->set_pfs_group("None");
  policy->set_sa_life_time_seconds(14400);
  policy->set_sa_data_size_kilobytes(102400000);
  spec.add_local_prefixes("10.11.0.0/16");
  spec.add_local_prefixes("10.12.0.0/16");
  spec.add_remote_prefixes("10.61.0.0/16");
  spec.add_remote_prefixes("10.62.0.0/16");
  spec.set_mode(v1::CONNECTION_MODE_DEFAULT);
  spec.set_dpd_timeout_seconds(45);
  spec.set_data_plane(v1::DATA_PLANE_KIND_AUTO);
  return spec;
}

}  // namespace hawser::spec
