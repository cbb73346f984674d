#include "common/base/check.h"
#include "operator/policy/policy.h"

namespace hawser::policy {
namespace {

v1::ConnectionMode to_mode(const std::string& mode) {
  if (mode == "InitiatorOnly") return v1::CONNECTION_MODE_INITIATOR_ONLY;
  if (mode == "ResponderOnly") return v1::CONNECTION_MODE_RESPONDER_ONLY;
  return v1::CONNECTION_MODE_DEFAULT;
}

v1::DataPlaneKind to_data_plane(const std::string& data_plane) {
  if (data_plane == "Kernel") return v1::DATA_PLANE_KIND_KERNEL;
  if (data_plane == "UserSpace") return v1::DATA_PLANE_KIND_USER_SPACE;
  return v1::DATA_PLANE_KIND_AUTO;
}

void set_policy(const api::EffectivePolicy& from, v1::IpsecPolicy& to) {
  to.set_ike_encryption(from.ike_encryption);
  to.set_ike_integrity(from.ike_integrity);
  to.set_dh_group(from.dh_group);
  to.set_ipsec_encryption(from.ipsec_encryption);
  to.set_ipsec_integrity(from.ipsec_integrity);
  to.set_pfs_group(from.pfs_group);
  to.set_sa_life_time_seconds(static_cast<uint32_t>(from.sa_life_time_seconds));
  to.set_sa_data_size_kilobytes(static_cast<uint32_t>(from.sa_data_size_kilobytes));
}

}  // namespace

v1::ConnectionSpec compile(const ResolvedConnection& from) {
  CHECK(from.connection != nullptr && from.gateway != nullptr && from.network != nullptr &&
        from.site != nullptr && from.shared_key != nullptr);
  const auto& spec = from.connection->spec;
  v1::ConnectionSpec out;
  out.set_local_address(from.gateway->spec.public_ip_address.value_or(""));
  out.set_remote_address(from.site->spec.gateway_ip_address);
  out.set_local_identity(spec.local_identity.value_or(""));
  out.set_remote_identity(spec.remote_identity.value_or(""));
  BytesView key = from.shared_key->view();
  out.set_shared_key(key.data(), key.size());
  set_policy(effective_policy(from.policy, *from.gateway), *out.mutable_policy());
  for (const auto& prefix : from.network->spec.address_prefixes) out.add_local_prefixes(prefix);
  for (const auto& prefix : from.site->spec.address_prefixes) out.add_remote_prefixes(prefix);
  out.set_mode(to_mode(spec.connection_mode));
  out.set_dpd_timeout_seconds(static_cast<uint32_t>(spec.dpd_timeout_seconds));
  out.set_data_plane(to_data_plane(from.gateway->spec.data_plane));
  return out;
}

}  // namespace hawser::policy
