#pragma once

#include <string_view>

#include "operator/api/kinds.h"

// What a rule says to the API server, in the Common Expression Language: x-kubernetes-validations of the CRDs
// (operator/crd). Only what can be said within one object; what the schema itself says (required, enum, most
// entries, longest text) is not said again, because the API server then does not get as far as these.
namespace hawser::policy {

struct CelCheck {
  api::Kind kind;
  // Where it stands: a field path, "[]" behind a list for each of its entries.
  std::string_view at;
  std::string_view expression;
  std::string_view message;  // what is allowed and what to do
  // The same with the value, as an expression; empty: `message` says it all. Of entries of a list it would
  // cost more than the API server allows.
  std::string_view message_expression = {};
  std::string_view field_path = {};  // the field below `at` that is to blame; empty: `at` itself
};

// Each is in the row of its rule in rules.cc.
namespace cel {

using enum api::Kind;

// clang-format off
#define HAWSER_CEL_PREFIX \
  "isCIDR(self) && cidr(self).masked() == cidr(self)", \
  "must be an IPv4 or IPv6 CIDR with host bits zero, such as '10.61.0.0/16'"
inline constexpr CelCheck kPrefixFormat[] = {
    {VirtualNetwork, "spec.addressPrefixes[]", HAWSER_CEL_PREFIX},
    {VirtualNetwork, "spec.subnets[].addressPrefix", HAWSER_CEL_PREFIX},
    {LocalNetworkGateway, "spec.addressPrefixes[]", HAWSER_CEL_PREFIX},
};
#undef HAWSER_CEL_PREFIX

#define HAWSER_CEL_ADDRESS \
  "isIP(self) && (ip(self).isGlobalUnicast() || (ip(self).family() == 4 && ip(self).isLinkLocalUnicast()))", \
  "must be a unicast IPv4 or IPv6 address, no name, port or zone; write the address that the peer can reach"
inline constexpr CelCheck kAddressFormat[] = {
    {LocalNetworkGateway, "spec.gatewayIpAddress", HAWSER_CEL_ADDRESS},
    {VirtualNetworkGateway, "spec.publicIPAddress", HAWSER_CEL_ADDRESS},
};
#undef HAWSER_CEL_ADDRESS

inline constexpr CelCheck kListSizes[] = {
    {VirtualNetwork, "spec.addressPrefixes", "self.size() >= 1", "must have 1 to 64 entries; add at least one"},
    {LocalNetworkGateway, "spec.addressPrefixes", "self.size() >= 1", "must have 1 to 64 entries; add at least one"},
};

inline constexpr CelCheck kSubnetNames[] = {
    {VirtualNetwork, "spec.subnets", "self.all(a, self.exists_one(b, b.name == a.name))",
     "each subnet must have a name of its own; rename or remove one"},
};

inline constexpr CelCheck kDpdTimeout[] = {
    {Connection, "spec.dpdTimeoutSeconds", "self >= 9 && self <= 3600",
     "must be 9 to 3600 seconds; 45 is the default"},
};

#define HAWSER_CEL_IDENTITY \
  "self.matches('^[!-~]{1,255}$')", \
  "must be an IP address, a domain name or user@domain of 1 to 255 characters 0x21-0x7E; leave the field out for the default"
inline constexpr CelCheck kIdentities[] = {
    {Connection, "spec.localIdentity", HAWSER_CEL_IDENTITY},
    {Connection, "spec.remoteIdentity", HAWSER_CEL_IDENTITY},
};
#undef HAWSER_CEL_IDENTITY

#define HAWSER_CEL_NAME \
  "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')", \
  "must be the name of an object: at most 253 characters a-z, 0-9, '-' and '.', each part beginning and ending with a letter or digit"
inline constexpr CelCheck kNames[] = {
    {VirtualNetworkGateway, "spec.virtualNetworkRef.name", HAWSER_CEL_NAME},
    {Connection, "spec.virtualNetworkGatewayRef.name", HAWSER_CEL_NAME},
    {Connection, "spec.localNetworkGatewayRef.name", HAWSER_CEL_NAME},
    {Connection, "spec.ipsecPolicyRef.name", HAWSER_CEL_NAME},
    {Connection, "spec.sharedKeySecretRef.name", HAWSER_CEL_NAME},
    {Connection, "spec.sharedKeySecretRef.key", "self.matches('^[-._a-zA-Z0-9]+$') && self != '.' && !self.startsWith('..')",
     "must be a key of a Secret: 1 to 253 characters a-z, A-Z, 0-9, '-', '_' and '.', not beginning with '..'"},
    {VirtualNetworkGateway, "spec.nodeSelector",
     "self.all(key, key.matches('^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-._A-Za-z0-9]{0,61})?[A-Za-z0-9]$')"
     " && key.indexOf('/') <= 253 && self[key].matches('^(([A-Za-z0-9][-._A-Za-z0-9]{0,61})?[A-Za-z0-9])?$'))",
     "must be at most 16 labels of Kubernetes, such as kubernetes.io/hostname: node-1"},
};
#undef HAWSER_CEL_NAME

inline constexpr CelCheck kSeedMisprints[] = {
    {IpsecPolicy, "spec.dhGroup", "self != 'None'",
     "'None' cannot be, IKEv2 always carries a key exchange; choose the peer's group; for no PFS set pfsGroup: None"},
    {IpsecPolicy, "spec.ipsecEncryption", "self != 'GCMASE256'",
     "'GCMASE256' is a misprint of Azure's table; did you mean 'GCMAES256'?"},
    {IpsecPolicy, "spec.ipsecIntegrity", "self != 'GCMASE256'",
     "'GCMASE256' is a misprint of Azure's table; did you mean 'GCMAES256'?"},
};

inline constexpr CelCheck kGcmPair[] = {
    {IpsecPolicy, "spec",
     "self.ipsecEncryption == self.ipsecIntegrity || 'GCMASE256' in [self.ipsecEncryption, self.ipsecIntegrity]"
     " || !(self.ipsecEncryption.startsWith('GCMAES') || self.ipsecIntegrity.startsWith('GCMAES'))",
     "with GCMAES, ipsecEncryption and ipsecIntegrity must be the same; set both to it, or neither to a GCMAES",
     "\"'\" + self.ipsecIntegrity + \"' does not go with ipsecEncryption '\" + self.ipsecEncryption + \"'; allowed: with GCMAES the same"
     " algorithm and key length in both; set both to '\" + (self.ipsecEncryption.startsWith('GCMAES') ? self.ipsecEncryption :"
     " self.ipsecIntegrity) + \"', or neither to a GCMAES\"",
     ".ipsecIntegrity"},
};

inline constexpr CelCheck kLifetimes[] = {
    {IpsecPolicy, "spec.saLifeTimeSeconds", "self >= 300 && self <= 172799", "must be 300 to 172799 seconds; 27000 is the default"},
    {IpsecPolicy, "spec.saDataSizeKilobytes", "self >= 1024 && self <= 2147483647",
     "must be 1024 to 2147483647 KB; 102400000 is the default"},
};

inline constexpr CelCheck kSupportedConnection[] = {
    {Connection, "spec.usePolicyBasedTrafficSelectors", "!self",
     "must be false, as on Azure Stack, which has route-based connections only; let the peer accept 0.0.0.0/0 to 0.0.0.0/0"},
};

inline constexpr CelCheck kSubnets[] = {
    {VirtualNetwork, "spec",
     "!has(self.subnets) || self.subnets.all(s, !isCIDR(s.addressPrefix) ||"
     " self.addressPrefixes.exists(p, isCIDR(p) && cidr(p).containsCIDR(s.addressPrefix)))",
     "each subnet must be a part of one of spec.addressPrefixes; change it or add its prefix there",
     {},
     ".subnets"},
    {VirtualNetwork, "spec.subnets",
     // Each prefix lies in itself only.
     "self.all(a, !isCIDR(a.addressPrefix) || self.exists_one(b, isCIDR(b.addressPrefix) &&"
     " cidr(a.addressPrefix).containsCIDR(b.addressPrefix)))",
     "subnets must not overlap; change one of them"},
};

inline constexpr CelCheck kSitePrefixesApart[] = {
    {LocalNetworkGateway, "spec.addressPrefixes",
     "self.all(a, !isCIDR(a) || self.exists_one(b, isCIDR(b) && cidr(a).containsCIDR(b)))",
     "the prefixes of a site must not overlap; remove the smaller one"},
};
// clang-format on

}  // namespace cel
}  // namespace hawser::policy
