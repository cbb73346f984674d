#include "operator/crd/names.h"

#include <algorithm>

#include "common/base/check.h"

namespace hawser::crd {
namespace {

using api::Kind;
using Paths = std::string_view;

// clang-format off
constexpr Column kReady = {"Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status", "Whether all is well."};
constexpr Column kReason = {"Reason", "string", ".status.conditions[?(@.type==\"Ready\")].reason", "Why it is ready or not."};
constexpr Column kMessage = {"Message", "string", ".status.conditions[?(@.type==\"Ready\")].message", "What is wrong and what to do.", true};
constexpr Column kNode = {"Node", "string", ".status.node", "Node that carries it.", true};
constexpr Column kAge = {"Age", "date", ".metadata.creationTimestamp", "Time since the object was made."};

constexpr Column kNetworkColumns[] = {
    kReady, kReason,
    kAge,
    {"Prefixes", "string", ".spec.addressPrefixes", "Prefixes of the network.", true},
    kMessage,
};
constexpr Column kGatewayColumns[] = {
    kReady, kReason,
    {"Network", "string", ".spec.virtualNetworkRef.name", "Virtual network behind the gateway."},
    {"SKU", "string", ".spec.sku", "Azure's size of the gateway."},
    kAge,
    {"Address", "string", ".spec.publicIPAddress", "Address as the peers see it.", true},
    {"Profile", "string", ".spec.profile", "Azure Stack build whose default proposal is used.", true},
    kNode, kMessage,
};
constexpr Column kSiteColumns[] = {
    kReady, kReason,
    {"Address", "string", ".spec.gatewayIpAddress", "Address of the remote VPN device."},
    kAge,
    {"Prefixes", "string", ".spec.addressPrefixes", "Prefixes behind the remote device.", true},
    kMessage,
};
constexpr Column kPolicyColumns[] = {
    kReady, kReason,
    {"Encryption", "string", ".spec.ipsecEncryption", "Encryption of ESP."},
    {"PFS", "string", ".spec.pfsGroup", "Group of a rekey of the Child SA."},
    {"Weak", "string", ".status.conditions[?(@.type==\"Weak\")].status", "True when an algorithm is weak."},
    kAge,
    {"IKE", "string", ".spec.ikeEncryption", "Encryption of the IKE SA.", true},
    {"Group", "string", ".spec.dhGroup", "Diffie-Hellman group of the IKE SA.", true},
    {"Lifetime", "integer", ".spec.saLifeTimeSeconds", "Lifetime of a Child SA in seconds.", true},
    kMessage,
};
constexpr Column kConnectionColumns[] = {
    kReady, kReason,
    {"Policy", "string", ".status.effectivePolicy.name", "Policy or profile in force."},
    {"Peer", "string", ".spec.localNetworkGatewayRef.name", "The remote site."},
    kAge,
    {"Gateway", "string", ".spec.virtualNetworkGatewayRef.name", "This side's gateway.", true},
    {"Endpoint", "string", ".status.negotiated.remoteEndpoint", "The peer's address and port.", true},
    {"Since", "date", ".status.negotiated.ike.establishedTime", "Time since the IKE SA was established.", true},
    {"Data-Plane", "string", ".status.negotiated.dataPlane", "Where ESP is done.", true},
    kNode, kMessage,
};

constexpr Paths kGatewayPaths[] = {".spec.virtualNetworkRef.name", ".spec.sku"};
constexpr Paths kSitePaths[] = {".spec.gatewayIpAddress"};
constexpr Paths kConnectionPaths[] = {".spec.virtualNetworkGatewayRef.name", ".spec.localNetworkGatewayRef.name",
                                      ".spec.ipsecPolicyRef.name", ".spec.sharedKeySecretRef.name"};

constexpr KindNames kNames[] = {
    {Kind::VirtualNetwork, "A VirtualNetwork is the address space of this side: its prefixes and their subnets.", kNetworkColumns, {}},
    {Kind::VirtualNetworkGateway, "A VirtualNetworkGateway is this side's VPN gateway: one for a virtual network, carried by one node.", kGatewayColumns, kGatewayPaths},
    {Kind::LocalNetworkGateway, "A LocalNetworkGateway is a remote site: the address of its VPN device and the prefixes behind it.", kSiteColumns, kSitePaths},
    {Kind::IpsecPolicy, "An IpsecPolicy is the one proposal that a connection sends and accepts, instead of the default of its gateway's profile.", kPolicyColumns, {}},
    {Kind::Connection, "A Connection is a site-to-site IPsec tunnel between a VirtualNetworkGateway and a LocalNetworkGateway.", kConnectionColumns, kConnectionPaths},
};
// clang-format on

}  // namespace

const KindNames& names_of(Kind kind) {
  const auto* row = std::ranges::find(kNames, kind, &KindNames::kind);
  CHECK(row != std::end(kNames));
  return *row;
}

}  // namespace hawser::crd
