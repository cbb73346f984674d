#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/catalog/reasons.h"
#include "sidecar/ike/event.h"

// Closed lists of label values: what metrics and status say about exchanges, roles, results and states.
namespace hawser::status {

struct ExchangeRow {
  wire::ExchangeType type;
  std::string_view name;   // as RFC 7296 writes it
  std::string_view label;  // label `exchange`
};
inline constexpr std::array kExchanges = std::to_array<ExchangeRow>({
    {wire::ExchangeType::IkeSaInit, "IKE_SA_INIT", "ike_sa_init"},
    {wire::ExchangeType::IkeAuth, "IKE_AUTH", "ike_auth"},
    {wire::ExchangeType::CreateChildSa, "CREATE_CHILD_SA", "create_child_sa"},
    {wire::ExchangeType::Informational, "INFORMATIONAL", "informational"},
});
inline constexpr size_t kExchangeCount = kExchanges.size();

inline constexpr std::array<std::string_view, 2> kRoleLabels = {"initiator", "responder"};

// Result 0 is "ok", result i + 1 the fault of row i.
inline constexpr size_t kResultCount = 1 + catalog::kFaults.size();
inline constexpr size_t kResultOk = 0;

// Label `state` of connection_state: the reasons under Established that are no faults, and one word for all
// faults.
enum class State : uint8_t { Established, Connecting, WaitingForPeer, Down, kCount };
inline constexpr std::array<std::string_view, static_cast<size_t>(State::kCount)> kStateLabels = {
    "established", "connecting", "waiting_for_peer", "down"};

// 0 for a type outside the table: the peer decides none of these, so that cannot happen from the wire.
size_t exchange_index(wire::ExchangeType type);
std::string_view exchange_name(wire::ExchangeType type);
inline size_t role_index(sa::Role role) { return role == sa::Role::Initiator ? 0 : 1; }
size_t result_index(catalog::Reason fault);
std::string_view result_label(size_t index);
State state_of(catalog::Reason established_reason);

}  // namespace hawser::status
