#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/catalog/reasons.h"

// The status of our kinds (contracts, section 4), as plain values; the JSON names are the camelCase ones.
namespace hawser::api {

enum class ConditionStatus : uint8_t { True, False, Unknown };
constexpr const char* to_string(ConditionStatus s) {
  return s == ConditionStatus::True ? "True" : s == ConditionStatus::False ? "False" : "Unknown";
}

// metav1.Condition.
struct Condition {
  catalog::ConditionType type{};
  ConditionStatus status = ConditionStatus::Unknown;
  catalog::Reason reason{};
  std::string message;
  int64_t observed_generation = 0;
  std::string last_transition_time;  // RFC 3339; moves only when status does
  friend bool operator==(const Condition&, const Condition&) = default;
};

struct EffectivePolicy {
  std::string source;  // "IpsecPolicy" | "Profile"
  std::string name;    // of the IpsecPolicy object, or of the profile
  std::string ike_encryption, ike_integrity, dh_group, ipsec_encryption, ipsec_integrity,
      pfs_group;  // canonical
  int64_t sa_life_time_seconds = 0;
  int64_t sa_data_size_kilobytes = 0;
  friend bool operator==(const EffectivePolicy&, const EffectivePolicy&) = default;
};

struct NegotiatedIke {
  std::string encryption, integrity, prf, dh_group, initiator_spi, responder_spi, role, established_time;
  friend bool operator==(const NegotiatedIke&, const NegotiatedIke&) = default;
};
struct NegotiatedChild {
  std::string encryption, integrity, pfs_group, inbound_spi, outbound_spi, installed_time;
  friend bool operator==(const NegotiatedChild&, const NegotiatedChild&) = default;
};
struct Negotiated {
  NegotiatedIke ike;
  NegotiatedChild child;
  std::string local_endpoint, remote_endpoint, nat, encapsulation, data_plane, interface;
  friend bool operator==(const Negotiated&, const Negotiated&) = default;
};
struct LastFailure {
  std::string reason, time, role, exchange, attribute, offered, peer_offered, notify, field_path, message;
  friend bool operator==(const LastFailure&, const LastFailure&) = default;
};

// Of every kind; the Connection-only parts are empty elsewhere.
struct Status {
  int64_t observed_generation = 0;
  std::vector<Condition> conditions;
  std::string connection_status;  // Connected | Connecting | NotConnected | Unknown; empty on other kinds
  std::optional<EffectivePolicy> effective_policy;
  std::optional<Negotiated> negotiated;
  std::optional<LastFailure> last_failure;
  std::string node;

  const Condition* find(catalog::ConditionType type) const;
  friend bool operator==(const Status&, const Status&) = default;
};

}  // namespace hawser::api
