#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

// Condition types, their reasons, and the faults of a negotiation: closed lists that status, metrics, events
// and tests share. A name that is not here does not exist.
namespace hawser::catalog {

enum class ConditionType : uint8_t {
  ResolvedRefs,
  Accepted,
  Programmed,
  Established,
  PfsVerified,
  Ready,
  Weak,
  Paused,
  Reconciling,
  Stalled,
};

// One reason may serve several condition types; kReasons says which.
enum class Reason : uint8_t {
  // ResolvedRefs
  Resolved,
  VirtualNetworkGatewayNotFound,
  VirtualNetworkNotFound,
  LocalNetworkGatewayNotFound,
  IpsecPolicyNotFound,
  SecretNotFound,
  SecretKeyMissing,
  InvalidSharedKey,
  // Accepted
  Accepted,
  InvalidSpec,
  PolicyNotAllowedOnSku,
  PrefixOverlap,
  DuplicateGatewayAddress,
  DuplicateGateway,
  DuplicateConnection,
  // Programmed
  Programmed,
  Pending,
  NodeUnavailable,
  SidecarUnreachable,
  SidecarRejected,
  InstallFailed,
  // Established
  Established,
  Connecting,
  WaitingForPeer,
  PeerUnreachable,
  LivenessTimeout,
  IkeProposalMismatch,
  ChildProposalMismatch,
  TrafficSelectorMismatch,
  AuthenticationFailed,
  PeerIdentityMismatch,
  PeerDeleted,
  NegotiationFailed,
  // PfsVerified
  Verified,
  NotRequired,
  NotChecked,
  PfsMismatch,
  // Ready, Weak, Paused, Reconciling, Stalled
  Ready,
  WeakAlgorithms,
  Paused,
  Reconciling,
  Stalled,
};

struct ConditionRow {
  ConditionType type;
  std::string_view name;
  bool only_when_true;  // absent from status unless True
};

struct ReasonRow {
  Reason reason;
  std::string_view name;
  ConditionType type;
};

// What ends or delays a negotiation. One row: the reason it becomes under Established, the `result` label of
// negotiations_total and of connection_down_reason, and what a person should do.
struct FaultRow {
  Reason reason;
  std::string_view label;
  std::string_view hint;
};

// clang-format off
inline constexpr std::array kConditions = std::to_array<ConditionRow>({
    {ConditionType::ResolvedRefs, "ResolvedRefs", false},
    {ConditionType::Accepted,     "Accepted",     false},
    {ConditionType::Programmed,   "Programmed",   false},
    {ConditionType::Established,  "Established",  false},
    {ConditionType::PfsVerified,  "PfsVerified",  false},
    {ConditionType::Ready,        "Ready",        false},
    {ConditionType::Weak,         "Weak",         true},
    {ConditionType::Paused,       "Paused",       true},
    {ConditionType::Reconciling,  "Reconciling",  true},
    {ConditionType::Stalled,      "Stalled",      true},
});

inline constexpr std::array kReasons = std::to_array<ReasonRow>({
    {Reason::Resolved,                      "Resolved",                      ConditionType::ResolvedRefs},
    {Reason::VirtualNetworkGatewayNotFound, "VirtualNetworkGatewayNotFound", ConditionType::ResolvedRefs},
    {Reason::VirtualNetworkNotFound,        "VirtualNetworkNotFound",        ConditionType::ResolvedRefs},
    {Reason::LocalNetworkGatewayNotFound,   "LocalNetworkGatewayNotFound",   ConditionType::ResolvedRefs},
    {Reason::IpsecPolicyNotFound,           "IpsecPolicyNotFound",           ConditionType::ResolvedRefs},
    {Reason::SecretNotFound,                "SecretNotFound",                ConditionType::ResolvedRefs},
    {Reason::SecretKeyMissing,              "SecretKeyMissing",              ConditionType::ResolvedRefs},
    {Reason::InvalidSharedKey,              "InvalidSharedKey",              ConditionType::ResolvedRefs},
    {Reason::Accepted,                      "Accepted",                      ConditionType::Accepted},
    {Reason::InvalidSpec,                   "InvalidSpec",                   ConditionType::Accepted},
    {Reason::PolicyNotAllowedOnSku,         "PolicyNotAllowedOnSku",         ConditionType::Accepted},
    {Reason::PrefixOverlap,                 "PrefixOverlap",                 ConditionType::Accepted},
    {Reason::DuplicateGatewayAddress,       "DuplicateGatewayAddress",       ConditionType::Accepted},
    {Reason::DuplicateGateway,              "DuplicateGateway",              ConditionType::Accepted},
    {Reason::DuplicateConnection,           "DuplicateConnection",           ConditionType::Accepted},
    {Reason::Programmed,                    "Programmed",                    ConditionType::Programmed},
    {Reason::Pending,                       "Pending",                       ConditionType::Programmed},
    {Reason::NodeUnavailable,               "NodeUnavailable",               ConditionType::Programmed},
    {Reason::SidecarUnreachable,            "SidecarUnreachable",            ConditionType::Programmed},
    {Reason::SidecarRejected,               "SidecarRejected",               ConditionType::Programmed},
    {Reason::InstallFailed,                 "InstallFailed",                 ConditionType::Programmed},
    {Reason::Established,                   "Established",                   ConditionType::Established},
    {Reason::Connecting,                    "Connecting",                    ConditionType::Established},
    {Reason::WaitingForPeer,                "WaitingForPeer",                ConditionType::Established},
    {Reason::PeerUnreachable,               "PeerUnreachable",               ConditionType::Established},
    {Reason::LivenessTimeout,               "LivenessTimeout",               ConditionType::Established},
    {Reason::IkeProposalMismatch,           "IkeProposalMismatch",           ConditionType::Established},
    {Reason::ChildProposalMismatch,         "ChildProposalMismatch",         ConditionType::Established},
    {Reason::TrafficSelectorMismatch,       "TrafficSelectorMismatch",       ConditionType::Established},
    {Reason::AuthenticationFailed,          "AuthenticationFailed",          ConditionType::Established},
    {Reason::PeerIdentityMismatch,          "PeerIdentityMismatch",          ConditionType::Established},
    {Reason::PeerDeleted,                   "PeerDeleted",                   ConditionType::Established},
    {Reason::NegotiationFailed,             "NegotiationFailed",             ConditionType::Established},
    {Reason::Verified,                      "Verified",                      ConditionType::PfsVerified},
    {Reason::NotRequired,                   "NotRequired",                   ConditionType::PfsVerified},
    {Reason::NotChecked,                    "NotChecked",                    ConditionType::PfsVerified},
    {Reason::PfsMismatch,                   "PfsMismatch",                   ConditionType::PfsVerified},
    {Reason::Ready,                         "Ready",                         ConditionType::Ready},
    {Reason::WeakAlgorithms,                "WeakAlgorithms",                ConditionType::Weak},
    {Reason::Paused,                        "Paused",                        ConditionType::Paused},
    {Reason::Reconciling,                   "Reconciling",                   ConditionType::Reconciling},
    {Reason::Stalled,                       "Stalled",                       ConditionType::Stalled},
});

inline constexpr std::array kFaults = std::to_array<FaultRow>({
    {Reason::PeerUnreachable,         "peer_unreachable",          "check gatewayIpAddress, and that UDP 500 and 4500 reach the peer"},
    {Reason::LivenessTimeout,         "liveness_timeout",          "the peer stopped answering; check the path and the peer itself"},
    {Reason::IkeProposalMismatch,     "ike_proposal_mismatch",     "make ikeEncryption, ikeIntegrity and dhGroup equal on both sides"},
    {Reason::ChildProposalMismatch,   "child_proposal_mismatch",   "make ipsecEncryption, ipsecIntegrity and pfsGroup equal on both sides"},
    {Reason::TrafficSelectorMismatch, "traffic_selector_mismatch", "let the peer accept 0.0.0.0/0 to 0.0.0.0/0 (route-based)"},
    {Reason::AuthenticationFailed,    "authentication_failed",     "make the shared key equal on both sides"},
    {Reason::PeerIdentityMismatch,    "peer_identity_mismatch",    "correct remoteIdentity, or the identity that the peer sends"},
    {Reason::PeerDeleted,             "peer_deleted",              "the peer ended the tunnel; look there for the cause"},
    {Reason::PfsMismatch,             "pfs_mismatch",              "make pfsGroup equal on both sides"},
    {Reason::NegotiationFailed,       "negotiation_failed",        "the message says what the peer answered; look at the peer's log"},
});
// clang-format on

std::string_view name(ConditionType type);
std::string_view name(Reason reason);
// Null for a name that is not in the list.
const ReasonRow* find_reason(std::string_view name);
const ConditionRow* find_condition(std::string_view name);
// Null when the reason is not a fault (Established, Connecting, WaitingForPeer …).
const FaultRow* find_fault(Reason reason);

}  // namespace hawser::catalog
