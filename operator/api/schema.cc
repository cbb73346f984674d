#include "operator/api/schema.h"

#include <algorithm>
#include <array>

#include "common/catalog/algorithms.h"
#include "operator/api/names.h"

namespace hawser::api {
namespace {

using enum FieldType;
using Names = std::string_view;

// The enums of IpsecPolicy are the rows of the catalogue, so that an algorithm is one row there and nothing
// here.
template <const auto& kRows, typename Pick>
consteval auto names_of(Pick pick) {
  constexpr size_t kCount =
      std::ranges::count_if(kRows, [](const auto& row) { return !Pick{}(row).empty(); });
  std::array<std::string_view, kCount> out{};
  size_t i = 0;
  for (const auto& row : kRows)
    if (!pick(row).empty()) out[i++] = pick(row);
  return out;
}

template <size_t... kSizes>
consteval auto concat(const std::array<std::string_view, kSizes>&... arrays) {
  std::array<std::string_view, (kSizes + ...)> out{};
  auto* next = out.data();
  ((next = std::ranges::copy(arrays, next).out), ...);
  return out;
}

using catalog::kEncryption;
using catalog::kGroup;
using catalog::kGroupAlias;
using catalog::kIntegrity;
using catalog::kPfsGroupAlias;

constexpr auto kIkeEncryption = names_of<kEncryption>([](const auto& r) { return r.ike ? r.name : Names{}; });
constexpr auto kIkeIntegrity = names_of<kIntegrity>([](const auto& r) { return r.ike ? r.name : Names{}; });
constexpr auto kDhGroup = concat(names_of<kGroup>([](const auto& r) { return r.name; }),
                                 names_of<kGroupAlias>([](const auto& r) { return r.alias; }));
constexpr auto kEspEncryption = names_of<kEncryption>([](const auto& r) { return r.esp ? r.name : Names{}; });
constexpr auto kEspIntegrity =
    concat(names_of<kEncryption>([](const auto& r) { return r.aead() ? r.name : Names{}; }),
           names_of<kIntegrity>([](const auto& r) { return r.esp ? r.name : Names{}; }));
constexpr auto kPfsGroup = concat(names_of<kGroup>([](const auto& r) { return r.pfs_name; }),
                                  std::array{catalog::kPfsMainMode, catalog::kPfsNone},
                                  names_of<kPfsGroupAlias>([](const auto& r) { return r.alias; }));

constexpr Names kVpn[] = {"Vpn"};
constexpr Names kRouteBased[] = {"RouteBased"};
constexpr Names kSku[] = {"Basic", "Standard", "HighPerformance", "VpnGw1", "VpnGw2", "VpnGw3"};
constexpr Names kProfile[] = {"AzureStack1811", "AzureStack1910"};
constexpr Names kDataPlane[] = {"Auto", "Kernel", "UserSpace"};
constexpr Names kIPsec[] = {"IPsec"};
constexpr Names kIKEv2[] = {"IKEv2"};
constexpr Names kMode[] = {"Default", "InitiatorOnly", "ResponderOnly"};
// What Azure's own table lists and nobody can mean (POL-3).
constexpr Names kNoGroup[] = {"None"};
constexpr Names kMisprint[] = {"GCMASE256"};

// Longest text of an address (IPv6 that ends in a dotted quad), and of a prefix.
constexpr int64_t kAddressText = 45;
constexpr int64_t kCidrText = kAddressText + 4;

// clang-format off
constexpr FieldRow kRef[] = {
    {.name = "name", .required = true, .max_length = kMaxName, .value_rule = "FMT-8", .description = "Name of an object in the same namespace."},
};
constexpr FieldRow kSecretRef[] = {
    {.name = "name", .required = true, .max_length = kMaxName, .value_rule = "FMT-8", .description = "Name of a Secret in the same namespace."},
    {.name = "key", .default_value = "psk", .max_length = kMaxName, .value_rule = "FMT-8", .description = "Key in the Secret's data."},
};
constexpr FieldRow kSubnet[] = {
    {.name = "name", .required = true, .max_length = kMaxSubnetName, .value_rule = "FMT-4", .description = "Name, unique in the virtual network; the gateway's is named exactly GatewaySubnet."},
    {.name = "addressPrefix", .required = true, .max_length = kCidrText, .format = Format::Cidr, .value_rule = "FMT-1", .description = "CIDR inside one of addressPrefixes, host bits zero."},
};
constexpr FieldRow kVirtualNetwork[] = {
    {.name = "addressPrefixes", .type = StringList, .required = true, .min = 1, .max = 64, .max_length = kCidrText, .format = Format::Cidr, .required_rule = "FMT-3", .value_rule = "FMT-1", .description = "CIDRs of the network, IPv4 or IPv6, host bits zero; 1 to 64 entries."},
    {.name = "subnets", .type = ObjectList, .min = 0, .max = 64, .value_rule = "FMT-3", .description = "Parts of the network, a list mapped by name; 0 to 64 entries.", .fields = kSubnet},
};
constexpr FieldRow kVirtualNetworkGateway[] = {
    {.name = "virtualNetworkRef", .type = Object, .required = true, .description = "The virtual network behind this gateway.", .fields = kRef},
    {.name = "gatewayType", .default_value = "Vpn", .values = kVpn, .description = "Kind of gateway."},
    {.name = "vpnType", .default_value = "RouteBased", .values = kRouteBased, .description = "Routes, not policies, choose what enters a tunnel."},
    {.name = "sku", .default_value = "Standard", .values = kSku, .description = "Azure's size of the gateway; Basic takes no custom policy."},
    {.name = "profile", .default_value = "AzureStack1910", .values = kProfile, .description = "Azure Stack build whose default proposal is used by connections without a policy."},
    {.name = "publicIPAddress", .max_length = kAddressText, .format = Format::UnicastAddress, .value_rule = "FMT-2", .description = "Address of this gateway as the peers see it; default: the source address of the route to the peer."},
    {.name = "nodeSelector", .type = StringMap, .min = 0, .max = kMaxNodeLabels, .max_length = kMaxLabel, .value_rule = "FMT-8", .description = "Labels of the nodes that may carry this gateway, at most 16; absent: any node with a ready sidecar."},
    {.name = "dataPlane", .default_value = "Auto", .values = kDataPlane, .description = "Where ESP is done. In this version always in user space: Auto means that, and Kernel is refused by the sidecar."},
};
constexpr FieldRow kLocalNetworkGateway[] = {
    {.name = "gatewayIpAddress", .required = true, .max_length = kAddressText, .format = Format::UnicastAddress, .value_rule = "FMT-2", .description = "Unicast address of the remote VPN device, IPv4 or IPv6."},
    {.name = "addressPrefixes", .type = StringList, .required = true, .min = 1, .max = 64, .max_length = kCidrText, .format = Format::Cidr, .required_rule = "FMT-3", .value_rule = "FMT-1", .description = "CIDRs behind the remote device, host bits zero; 1 to 64 entries."},
};
constexpr FieldRow kIpsecPolicy[] = {
    {.name = "ikeEncryption", .required = true, .values = kIkeEncryption, .required_rule = "POL-1", .value_rule = "POL-2", .description = "Encryption of the IKE SA."},
    {.name = "ikeIntegrity", .required = true, .values = kIkeIntegrity, .required_rule = "POL-1", .value_rule = "POL-2", .description = "Integrity of the IKE SA; its hash is also the PRF."},
    {.name = "dhGroup", .required = true, .values = kDhGroup, .refused = kNoGroup, .required_rule = "POL-1", .value_rule = "POL-2", .description = "Diffie-Hellman group of the IKE SA. None, which Azure's table lists, is refused: IKEv2 always carries a key exchange."},
    {.name = "ipsecEncryption", .required = true, .values = kEspEncryption, .refused = kMisprint, .required_rule = "POL-1", .value_rule = "POL-2", .description = "Encryption of ESP. GCMASE256, a misprint of Azure's table, is refused; GCMAES256 is meant."},
    {.name = "ipsecIntegrity", .required = true, .values = kEspIntegrity, .refused = kMisprint, .required_rule = "POL-1", .value_rule = "POL-2", .description = "Integrity of ESP; with GCMAES the same name as ipsecEncryption."},
    {.name = "pfsGroup", .required = true, .values = kPfsGroup, .required_rule = "POL-1", .value_rule = "POL-2", .description = "Diffie-Hellman group of a rekey of the Child SA; PFSMM is the group of dhGroup."},
    {.name = "saLifeTimeSeconds", .type = Integer, .default_value = "27000", .min = 300, .max = 172799, .value_rule = "POL-5", .description = "Lifetime of a Child SA in seconds."},
    {.name = "saDataSizeKilobytes", .type = Integer, .default_value = "102400000", .min = 1024, .max = 2147483647, .value_rule = "POL-5", .description = "Lifetime of a Child SA in units of 1,024 octets of inner packets, per direction."},
};
constexpr FieldRow kConnection[] = {
    {.name = "virtualNetworkGatewayRef", .type = Object, .required = true, .description = "This side's gateway.", .fields = kRef},
    {.name = "localNetworkGatewayRef", .type = Object, .required = true, .description = "The remote site.", .fields = kRef},
    {.name = "sharedKeySecretRef", .type = Object, .required = true, .description = "The Secret with the shared key, 1 to 128 characters 0x21-0x7E.", .fields = kSecretRef},
    {.name = "ipsecPolicyRef", .type = Object, .description = "A custom policy; default: the gateway's profile decides.", .fields = kRef},
    {.name = "connectionType", .default_value = "IPsec", .values = kIPsec, .value_rule = "CON-2", .description = "Kind of connection."},
    {.name = "connectionProtocol", .default_value = "IKEv2", .values = kIKEv2, .value_rule = "CON-2", .description = "Version of IKE."},
    {.name = "connectionMode", .default_value = "Default", .values = kMode, .description = "Which side may start: InitiatorOnly this one, ResponderOnly the peer, Default both."},
    {.name = "dpdTimeoutSeconds", .type = Integer, .default_value = "45", .min = 9, .max = 3600, .value_rule = "FMT-5", .description = "Seconds without an authenticated packet until the peer counts as dead."},
    {.name = "usePolicyBasedTrafficSelectors", .type = Boolean, .default_value = "false", .value_rule = "CON-2", .description = "Only false: selectors are any to any, as on Azure Stack."},
    {.name = "localIdentity", .max_length = kMaxIdentity, .format = Format::Identity, .value_rule = "FMT-6", .description = "IKE identity sent to the peer: address, domain name or user@domain; default: the local address. Not a field of Azure."},
    {.name = "remoteIdentity", .max_length = kMaxIdentity, .format = Format::Identity, .value_rule = "FMT-6", .description = "IKE identity the peer must have; default: any. Not a field of Azure."},
};
// clang-format on

constexpr Names kMetadata[] = {
    "name",       "namespace",     "labels",          "annotations",       "uid",
    "generation", "generateName",  "resourceVersion", "finalizers",        "creationTimestamp",
    "selfLink",   "managedFields", "ownerReferences", "deletionTimestamp", "deletionGracePeriodSeconds"};

}  // namespace

std::span<const FieldRow> spec_fields(Kind kind) {
  switch (kind) {
    case Kind::VirtualNetwork:
      return kVirtualNetwork;
    case Kind::VirtualNetworkGateway:
      return kVirtualNetworkGateway;
    case Kind::LocalNetworkGateway:
      return kLocalNetworkGateway;
    case Kind::IpsecPolicy:
      return kIpsecPolicy;
    case Kind::Connection:
      return kConnection;
    case Kind::Secret:
      return {};
  }
  return {};
}

std::span<const std::string_view> metadata_fields() { return kMetadata; }

const FieldRow* find_field(std::span<const FieldRow> rows, std::string_view name) {
  auto it = std::ranges::find(rows, name, &FieldRow::name);
  return it == rows.end() ? nullptr : &*it;
}

}  // namespace hawser::api
