#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/secret.h"

// The kinds of hawser.dev/v1alpha1 as plain values, as the user wrote them (the user's spelling stays in
// spec; defaults are filled in by the codec). The core/v1 Secret is here for what a Connection needs of it.
namespace hawser::api {

inline constexpr std::string_view kGroup = "hawser.dev";
inline constexpr std::string_view kVersion = "v1alpha1";
inline constexpr std::string_view kApiVersion = "hawser.dev/v1alpha1";

enum class Kind : uint8_t {
  VirtualNetwork,
  VirtualNetworkGateway,
  LocalNetworkGateway,
  IpsecPolicy,
  Connection,
  Secret
};

struct KindRow {
  Kind kind;
  std::string_view name;        // "VirtualNetwork"
  std::string_view plural;      // "virtualnetworks"
  std::string_view short_name;  // "vnet"
};
// clang-format off
inline constexpr KindRow kKinds[] = {
    {Kind::VirtualNetwork,        "VirtualNetwork",        "virtualnetworks",        "vnet"},
    {Kind::VirtualNetworkGateway, "VirtualNetworkGateway", "virtualnetworkgateways", "vng"},
    {Kind::LocalNetworkGateway,   "LocalNetworkGateway",   "localnetworkgateways",   "lng"},
    {Kind::IpsecPolicy,           "IpsecPolicy",           "ipsecpolicies",          "ipsecpol"},
    {Kind::Connection,            "Connection",            "connections",            "vpnconn"},
    {Kind::Secret,                "Secret",                "secrets",                ""},
};
// clang-format on
constexpr const KindRow& row(Kind kind) { return kKinds[static_cast<size_t>(kind)]; }

// Where something stands in a manifest; line and column count from 1, 0 when not from a file.
struct Position {
  std::string file;
  int line = 0;
  int column = 0;
};
// By field path ("spec.subnets[0].addressPrefix"), for messages.
using Positions = std::map<std::string, Position, std::less<>>;

struct ObjectKey {
  Kind kind{};
  std::string namespace_;
  std::string name;
  friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
  std::string to_string() const;  // "Connection default/vnet1tosite6"
};

struct ObjectMeta {
  std::string namespace_ = "default";
  std::string name;
  std::string uid;  // API server's; in folder mode derived from kind, namespace and name
  int64_t generation = 0;
  std::string creation_timestamp;  // RFC 3339; in folder mode kept in the status folder
  friend bool operator==(const ObjectMeta&, const ObjectMeta&) = default;
};

struct Subnet {
  std::string name;
  std::string address_prefix;
};
struct VirtualNetworkSpec {
  std::vector<std::string> address_prefixes;
  std::vector<Subnet> subnets;
};
struct VirtualNetworkGatewaySpec {
  std::string virtual_network_ref;
  std::string gateway_type = "Vpn";
  std::string vpn_type = "RouteBased";
  std::string sku = "Standard";
  std::string profile = "AzureStack1910";
  std::optional<std::string> public_ip_address;
  std::map<std::string, std::string> node_selector;
  std::string data_plane = "Auto";
};
struct LocalNetworkGatewaySpec {
  std::string gateway_ip_address;
  std::vector<std::string> address_prefixes;
};
// An absent algorithm is an empty string (rule POL-1 names it).
struct IpsecPolicySpec {
  std::string ike_encryption, ike_integrity, dh_group, ipsec_encryption, ipsec_integrity, pfs_group;
  int64_t sa_life_time_seconds = 27000;
  int64_t sa_data_size_kilobytes = 102400000;
};
struct SecretKeyRef {
  std::string name;
  std::string key = "psk";
};
struct ConnectionSpec {
  std::string virtual_network_gateway_ref;
  std::string local_network_gateway_ref;
  SecretKeyRef shared_key_secret_ref;
  std::optional<std::string> ipsec_policy_ref;
  std::string connection_type = "IPsec";
  std::string connection_protocol = "IKEv2";
  std::string connection_mode = "Default";
  int64_t dpd_timeout_seconds = 45;
  bool use_policy_based_traffic_selectors = false;
  std::optional<std::string> local_identity;
  std::optional<std::string> remote_identity;
};
// Only what was asked for: values by key. Copies are shared, never printed.
struct SecretData {
  std::map<std::string, SecretBytes> values;
};

template <typename Spec>
struct Object {
  ObjectMeta meta;
  Spec spec;
  Positions positions;
};
using VirtualNetwork = Object<VirtualNetworkSpec>;
using VirtualNetworkGateway = Object<VirtualNetworkGatewaySpec>;
using LocalNetworkGateway = Object<LocalNetworkGatewaySpec>;
using IpsecPolicy = Object<IpsecPolicySpec>;
using Connection = Object<ConnectionSpec>;
using Secret = Object<SecretData>;

// One object of any kind. Move-only, because of Secret.
using AnyObject =
    std::variant<VirtualNetwork, VirtualNetworkGateway, LocalNetworkGateway, IpsecPolicy, Connection, Secret>;
ObjectKey key_of(const AnyObject& object);
const ObjectMeta& meta_of(const AnyObject& object);

// Everything that is known at one moment, whichever source it came from. Immutable once published.
struct ObjectSet {
  // Key is "namespace/name".
  std::map<std::string, VirtualNetwork> virtual_networks;
  std::map<std::string, VirtualNetworkGateway> virtual_network_gateways;
  std::map<std::string, LocalNetworkGateway> local_network_gateways;
  std::map<std::string, IpsecPolicy> ipsec_policies;
  std::map<std::string, Connection> connections;
  std::map<std::string, Secret> secrets;
};
inline std::string map_key(std::string_view namespace_, std::string_view name) {
  return std::string(namespace_) + "/" + std::string(name);
}

}  // namespace hawser::api
