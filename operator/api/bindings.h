#pragma once

#include "operator/api/kinds.h"

// Which member of a spec holds which field of the table: one line per field, for reading and for writing. A
// visitor has
//   void field(name, member&)                      std::string, optional<string>, int64_t, bool,
//   vector<string>, map void object(name, Body)                        Body(visitor of the object) void
//   optional_ref(name, optional<string>&)     an object with only `name` void objects(name, vector<T>&, Body)
//   Body(visitor of one entry, T&)
// Spec is const or not, as the visitor needs.
namespace hawser::api {

template <typename Visitor, typename Text>
void bind_ref(Visitor& v, std::string_view field, Text& name) {
  v.object(field, [&](auto& ref) { ref.field("name", name); });
}

template <typename Visitor, typename Spec>
requires std::same_as<std::remove_const_t<Spec>, VirtualNetworkSpec>
void bind(Visitor& v, Spec& spec) {
  v.field("addressPrefixes", spec.address_prefixes);
  v.objects("subnets", spec.subnets, [](auto& entry, auto& subnet) {
    entry.field("name", subnet.name);
    entry.field("addressPrefix", subnet.address_prefix);
  });
}

template <typename Visitor, typename Spec>
requires std::same_as<std::remove_const_t<Spec>, VirtualNetworkGatewaySpec>
void bind(Visitor& v, Spec& spec) {
  bind_ref(v, "virtualNetworkRef", spec.virtual_network_ref);
  v.field("gatewayType", spec.gateway_type);
  v.field("vpnType", spec.vpn_type);
  v.field("sku", spec.sku);
  v.field("profile", spec.profile);
  v.field("publicIPAddress", spec.public_ip_address);
  v.field("nodeSelector", spec.node_selector);
  v.field("dataPlane", spec.data_plane);
}

template <typename Visitor, typename Spec>
requires std::same_as<std::remove_const_t<Spec>, LocalNetworkGatewaySpec>
void bind(Visitor& v, Spec& spec) {
  v.field("gatewayIpAddress", spec.gateway_ip_address);
  v.field("addressPrefixes", spec.address_prefixes);
}

template <typename Visitor, typename Spec>
requires std::same_as<std::remove_const_t<Spec>, IpsecPolicySpec>
void bind(Visitor& v, Spec& spec) {
  v.field("ikeEncryption", spec.ike_encryption);
  v.field("ikeIntegrity", spec.ike_integrity);
  v.field("dhGroup", spec.dh_group);
  v.field("ipsecEncryption", spec.ipsec_encryption);
  v.field("ipsecIntegrity", spec.ipsec_integrity);
  v.field("pfsGroup", spec.pfs_group);
  v.field("saLifeTimeSeconds", spec.sa_life_time_seconds);
  v.field("saDataSizeKilobytes", spec.sa_data_size_kilobytes);
}

template <typename Visitor, typename Spec>
requires std::same_as<std::remove_const_t<Spec>, ConnectionSpec>
void bind(Visitor& v, Spec& spec) {
  bind_ref(v, "virtualNetworkGatewayRef", spec.virtual_network_gateway_ref);
  bind_ref(v, "localNetworkGatewayRef", spec.local_network_gateway_ref);
  v.object("sharedKeySecretRef", [&](auto& ref) {
    ref.field("name", spec.shared_key_secret_ref.name);
    ref.field("key", spec.shared_key_secret_ref.key);
  });
  v.optional_ref("ipsecPolicyRef", spec.ipsec_policy_ref);
  v.field("connectionType", spec.connection_type);
  v.field("connectionProtocol", spec.connection_protocol);
  v.field("connectionMode", spec.connection_mode);
  v.field("dpdTimeoutSeconds", spec.dpd_timeout_seconds);
  v.field("usePolicyBasedTrafficSelectors", spec.use_policy_based_traffic_selectors);
  v.field("localIdentity", spec.local_identity);
  v.field("remoteIdentity", spec.remote_identity);
}

}  // namespace hawser::api
