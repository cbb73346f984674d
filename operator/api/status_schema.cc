#include "operator/api/names.h"
#include "operator/api/schema.h"
#include "operator/api/status_limits.h"

// The fields of status (contracts, section 4), for the CRDs. Nothing here is an enum but what the operator
// itself chooses: a value that the schema refuses would cost the whole status.
namespace hawser::api {
namespace {

using enum FieldType;
using Names = std::string_view;

constexpr int64_t kMaxConditions = 16;
constexpr int64_t kMaxInteger = int64_t{1} << 53;

constexpr Names kConditionStatus[] = {"True", "False", "Unknown"};
constexpr Names kConnectionStatus[] = {"Unknown", "Connected", "Connecting", "NotConnected"};
constexpr Names kPolicySource[] = {"IpsecPolicy", "Profile"};

// clang-format off
constexpr FieldRow kCondition[] = {
    {.name = "type", .required = true, .max_length = kMaxWord, .description = "Which condition: ResolvedRefs, Accepted, Programmed, Established, PfsVerified, Ready; Weak, Paused, Reconciling and Stalled only when True."},
    {.name = "status", .required = true, .values = kConditionStatus, .description = "True, False or Unknown."},
    {.name = "observedGeneration", .type = Integer, .min = 0, .max = kMaxInteger, .description = "metadata.generation of the spec this condition speaks of."},
    {.name = "lastTransitionTime", .required = true, .max_length = kMaxTime, .format = Format::DateTime, .description = "When status last changed (RFC 3339, UTC)."},
    {.name = "reason", .required = true, .max_length = kMaxWord, .description = "Cause in one word, from a closed list."},
    {.name = "message", .required = true, .max_length = kMaxMessage, .description = "Cause for people; says what to do."},
};
constexpr FieldRow kObservedGeneration =
    {.name = "observedGeneration", .type = Integer, .min = 0, .max = kMaxInteger, .description = "metadata.generation that this status speaks of."};
constexpr FieldRow kConditions =
    {.name = "conditions", .type = ObjectList, .min = 0, .max = kMaxConditions, .description = "State of the object, a list mapped by type.", .fields = kCondition};

constexpr FieldRow kEffectivePolicy[] = {
    {.name = "source", .values = kPolicySource, .description = "IpsecPolicy: an object; Profile: the default proposal of the gateway's profile."},
    {.name = "name", .max_length = kMaxName, .description = "Name of the IpsecPolicy or of the profile."},
    {.name = "ikeEncryption", .max_length = kMaxWord, .description = "Encryption of the IKE SA, canonical spelling."},
    {.name = "ikeIntegrity", .max_length = kMaxWord, .description = "Integrity and PRF of the IKE SA, canonical spelling."},
    {.name = "dhGroup", .max_length = kMaxWord, .description = "Diffie-Hellman group of the IKE SA, canonical spelling."},
    {.name = "ipsecEncryption", .max_length = kMaxWord, .description = "Encryption of ESP, canonical spelling."},
    {.name = "ipsecIntegrity", .max_length = kMaxWord, .description = "Integrity of ESP, canonical spelling."},
    {.name = "pfsGroup", .max_length = kMaxWord, .description = "Group of a rekey of the Child SA, canonical spelling."},
    {.name = "saLifeTimeSeconds", .type = Integer, .min = 0, .max = kMaxInteger, .description = "Lifetime of a Child SA in seconds."},
    {.name = "saDataSizeKilobytes", .type = Integer, .min = 0, .max = kMaxInteger, .description = "Lifetime of a Child SA in units of 1,024 octets of inner packets, per direction."},
};
constexpr FieldRow kNegotiatedIke[] = {
    {.name = "encryption", .max_length = kMaxWord, .description = "Encryption in use."},
    {.name = "integrity", .max_length = kMaxWord, .description = "Integrity in use."},
    {.name = "prf", .max_length = kMaxWord, .description = "Pseudo-random function in use."},
    {.name = "dhGroup", .max_length = kMaxWord, .description = "Diffie-Hellman group in use."},
    {.name = "initiatorSPI", .max_length = kMaxWord, .description = "Initiator's SPI, 16 hexadecimal digits."},
    {.name = "responderSPI", .max_length = kMaxWord, .description = "Responder's SPI, 16 hexadecimal digits."},
    {.name = "role", .max_length = kMaxWord, .description = "This side's part: initiator or responder."},
    {.name = "establishedTime", .max_length = kMaxTime, .format = Format::DateTime, .description = "When this IKE SA was established (RFC 3339, UTC)."},
};
constexpr FieldRow kNegotiatedChild[] = {
    {.name = "encryption", .max_length = kMaxWord, .description = "Encryption in use."},
    {.name = "integrity", .max_length = kMaxWord, .description = "Integrity in use."},
    {.name = "pfsGroup", .max_length = kMaxWord, .description = "Group of the last key exchange of this SA."},
    {.name = "inboundSPI", .max_length = kMaxWord, .description = "SPI of packets that come in, 8 hexadecimal digits."},
    {.name = "outboundSPI", .max_length = kMaxWord, .description = "SPI of packets that go out, 8 hexadecimal digits."},
    {.name = "installedTime", .max_length = kMaxTime, .format = Format::DateTime, .description = "When this Child SA was installed (RFC 3339, UTC)."},
};
constexpr FieldRow kNegotiated[] = {
    {.name = "ike", .type = Object, .description = "The IKE SA.", .fields = kNegotiatedIke},
    {.name = "child", .type = Object, .description = "The Child SA.", .fields = kNegotiatedChild},
    {.name = "localEndpoint", .max_length = kMaxEndpoint, .description = "This side's address and UDP port."},
    {.name = "remoteEndpoint", .max_length = kMaxEndpoint, .description = "The peer's address and UDP port."},
    {.name = "nat", .max_length = kMaxWord, .description = "Which side is behind NAT: None, Local, Remote or Both."},
    {.name = "encapsulation", .max_length = kMaxWord, .description = "UDP: ESP in UDP; None: ESP in IP."},
    {.name = "dataPlane", .max_length = kMaxWord, .description = "Where ESP is done: Kernel or UserSpace."},
    {.name = "interface", .max_length = kMaxWord, .description = "Network interface of the tunnel on its node."},
};
constexpr FieldRow kLastFailure[] = {
    {.name = "reason", .max_length = kMaxWord, .description = "Reason, as the condition Established or PfsVerified had it."},
    {.name = "time", .max_length = kMaxTime, .format = Format::DateTime, .description = "When it failed (RFC 3339, UTC)."},
    {.name = "role", .max_length = kMaxWord, .description = "This side's part: initiator or responder."},
    {.name = "exchange", .max_length = kMaxWord, .description = "Exchange of RFC 7296 that failed, such as IKE_AUTH."},
    {.name = "attribute", .max_length = kMaxWord, .description = "What did not match, such as the encryption."},
    {.name = "offered", .max_length = kMaxProposal, .description = "What this side offered or accepts."},
    {.name = "peerOffered", .max_length = kMaxProposal, .description = "What the peer offered; unknown when it has not told."},
    {.name = "notify", .max_length = kMaxWord, .description = "Notification of RFC 7296 that was sent or received."},
    {.name = "fieldPath", .max_length = kMaxName, .description = "Field to look at."},
    {.name = "message", .max_length = kMaxMessage, .description = "Cause for people; says what to do."},
};
constexpr FieldRow kStatus[] = {kObservedGeneration, kConditions};
constexpr FieldRow kGatewayStatus[] = {
    kObservedGeneration,
    kConditions,
    {.name = "node", .max_length = kMaxName, .description = "Node that carries the gateway."},
};
constexpr FieldRow kConnectionStatusFields[] = {
    kObservedGeneration,
    kConditions,
    {.name = "connectionStatus", .values = kConnectionStatus, .description = "Azure's word: Connected, Connecting, NotConnected (it failed) or Unknown (no sidecar)."},
    {.name = "effectivePolicy", .type = Object, .description = "The eight values in force.", .fields = kEffectivePolicy},
    {.name = "negotiated", .type = Object, .description = "What both sides agreed on; absent while there is no tunnel.", .fields = kNegotiated},
    {.name = "lastFailure", .type = Object, .description = "The last negotiation that failed.", .fields = kLastFailure},
    {.name = "node", .max_length = kMaxName, .description = "Node that carries the connection."},
};
// clang-format on

}  // namespace

std::span<const FieldRow> status_fields(Kind kind) {
  if (kind == Kind::Connection) return kConnectionStatusFields;
  if (kind == Kind::VirtualNetworkGateway) return kGatewayStatus;
  if (kind == Kind::Secret) return {};
  return kStatus;
}

}  // namespace hawser::api
