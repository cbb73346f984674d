#include "sidecar/ike/transitions.h"

#include <algorithm>
#include <array>

#include "sidecar/ike/exchanges/create_child_sa.h"
#include "sidecar/ike/exchanges/ike_auth.h"
#include "sidecar/ike/exchanges/ike_sa_init.h"
#include "sidecar/ike/exchanges/informational.h"

namespace hawser::ike {
namespace {

// By name: Rekeyed is an event as well.
constexpr auto Idle = SaState::Idle, SaInitSent = SaState::SaInitSent, SaInitReplied = SaState::SaInitReplied,
               AuthSent = SaState::AuthSent, Established = SaState::Established, Replaced = SaState::Rekeyed,
               Deleting = SaState::Deleting, Closed = SaState::Closed;
using enum wire::ExchangeType;

constexpr bool kRequest = false;
constexpr bool kResponse = true;
constexpr uint32_t kChild = kSa | kTsi | kTsr;

template <typename... States>
constexpr uint32_t to(States... states) {
  return (state_bit(states) | ...);
}
#define HANDLER(function) #function, function

// clang-format off
constexpr std::array kTransitions = std::to_array<Transition>({
    // IKE_SA_INIT (RFC 7296 1.2). A stays Idle when it is refused: no state for what nobody has proved.
    //   --> HDR, [N(COOKIE)], SAi1, KEi, Ni, [N(NAT_DETECTION_*)]
    {Idle,          IkeSaInit,     kRequest,  kSa | kKe | kNonce,                 kNotify,
     HANDLER(on_ike_sa_init_request),   to(Idle)},
    //   <-- HDR, SAr1, KEr, Nr, [N(NAT_DETECTION_*)]
    {SaInitSent,    IkeSaInit,     kResponse, kSa | kKe | kNonce,                 kNotify,
     HANDLER(on_ike_sa_init_response),  to(SaInitSent, AuthSent, Closed)},
    //   <-- HDR, N(COOKIE)                                          (2.6)
    {SaInitSent,    IkeSaInit,     kResponse, kCookie,                            0,
     HANDLER(on_ike_sa_init_cookie),    to(SaInitSent)},
    //   <-- HDR, N(INVALID_KE_PAYLOAD | NO_PROPOSAL_CHOSEN | ...)   (1.2, 2.21.1)
    {SaInitSent,    IkeSaInit,     kResponse, kError,                             0,
     HANDLER(on_ike_sa_init_error),     to(SaInitSent)},

    // IKE_AUTH (1.2)
    //   --> HDR, SK {IDi, [IDr], AUTH, SAi2, TSi, TSr, [N(INITIAL_CONTACT)]}
    {SaInitReplied, IkeAuth,       kRequest,  kIdi | kAuth | kChild,              kIdr | kNotify,
     HANDLER(on_ike_auth_request),      to(Established, Closed)},
    //   --> HDR, SK {IDi, SAi2, TSi, TSr}                           asks for EAP (2.16): we have none
    {SaInitReplied, IkeAuth,       kRequest,  kIdi,                               kIdr | kChild | kNotify,
     HANDLER(on_ike_auth_without_auth), to(Closed)},
    //   <-- HDR, SK {IDr, AUTH, SAr2, TSi, TSr}   or   {IDr, AUTH, N(error)}: the IKE SA stands
    {AuthSent,      IkeAuth,       kResponse, kIdr | kAuth,                       kChild | kError,
     HANDLER(on_ike_auth_response),     to(Established, Deleting, Closed)},
    //   <-- HDR, SK {N(AUTHENTICATION_FAILED | ...)}                (2.21.2)
    {AuthSent,      IkeAuth,       kResponse, kError,                             0,
     HANDLER(on_ike_auth_error),        to(Closed)},

    // CREATE_CHILD_SA (1.3)
    //   --> HDR, SK {N(REKEY_SA), SA, Ni, [KEi], TSi, TSr}          (1.3.3)
    {Established,   CreateChildSa, kRequest,  kRekeySa | kNonce | kChild,         kKe | kNotify,
     HANDLER(on_rekey_child_request),   to(Established, Closed)},
    //   --> HDR, SK {SA, Ni, [KEi], TSi, TSr}                       (1.3.1)
    {Established,   CreateChildSa, kRequest,  kNonce | kChild,                    kKe | kNotify,
     HANDLER(on_new_child_request),     to(Established, Closed)},
    //   --> HDR, SK {SA, Ni, KEi}                                   (1.3.2)
    {Established,   CreateChildSa, kRequest,  kSa | kNonce | kKe,                 kNotify,
     HANDLER(on_rekey_ike_request),     to(Established, Replaced, Closed)},
    //   <-- HDR, SK {N(error)}
    {Established,   CreateChildSa, kResponse, kError,                             0,
     HANDLER(on_create_child_sa_error), to(Established)},
    //   <-- HDR, SK {SA, Nr, [KEr], TSi, TSr}   or   {SA, Nr, KEr}
    {Established,   CreateChildSa, kResponse, kSa | kNonce,                       kKe | kTsi | kTsr | kNotify,
     HANDLER(on_create_child_sa_response), to(Established, Replaced)},

    // While an IKE SA is on its way out nothing new is begun on it: TEMPORARY_FAILURE (2.25.2)
    {Replaced,      CreateChildSa, kRequest,  0,                                  0,
     HANDLER(on_create_child_sa_too_late), to(Replaced)},
    {Deleting,      CreateChildSa, kRequest,  0,                                  0,
     HANDLER(on_create_child_sa_too_late), to(Deleting)},

    // INFORMATIONAL (1.4): Delete, error notifies, or nothing at all (liveness, 2.4)
    //   --> HDR, SK {[D], [N]}
    {Established,   Informational, kRequest,  0,                                  kDelete | kNotify,
     HANDLER(on_informational_request), to(Established, Closed)},
    {Replaced,      Informational, kRequest,  0,                                  kDelete | kNotify,
     HANDLER(on_informational_request), to(Replaced, Closed)},
    {Deleting,      Informational, kRequest,  0,                                  kDelete | kNotify,
     HANDLER(on_informational_request), to(Deleting, Closed)},
    //   <-- HDR, SK {[D]}
    {Established,   Informational, kResponse, 0,                                  kDelete,
     HANDLER(on_informational_response), to(Established)},
    {Replaced,      Informational, kResponse, 0,                                  kDelete,
     HANDLER(on_informational_response), to(Replaced)},
    {Deleting,      Informational, kResponse, 0,                                  kDelete,
     HANDLER(on_informational_response), to(Closed)},
});
// clang-format on
#undef HANDLER

uint32_t notify_bits(wire::NotifyType type) {
  uint32_t bits = kNotify;
  if (wire::is_error(type)) bits |= kError;
  if (type == wire::NotifyType::Cookie) bits |= kCookie;
  if (type == wire::NotifyType::RekeySa) bits |= kRekeySa;
  return bits;
}

struct BitOf {
  uint32_t operator()(const wire::SaPayload&) const { return kSa; }
  uint32_t operator()(const wire::KePayload&) const { return kKe; }
  uint32_t operator()(const wire::NoncePayload&) const { return kNonce; }
  uint32_t operator()(const wire::IdPayload& id) const { return id.initiator ? kIdi : kIdr; }
  uint32_t operator()(const wire::AuthPayload&) const { return kAuth; }
  uint32_t operator()(const wire::NotifyPayload& n) const { return notify_bits(n.type); }
  uint32_t operator()(const wire::DeletePayload&) const { return kDelete; }
  uint32_t operator()(const wire::TsPayload& ts) const { return ts.initiator ? kTsi : kTsr; }
  uint32_t operator()(const wire::VendorIdPayload&) const { return 0; }
  uint32_t operator()(const wire::EncryptedPayload&) const { return 0; }
  uint32_t operator()(const wire::UnknownPayload&) const { return 0; }
};

std::string payload_names(uint32_t bits) {
  constexpr std::array<std::string_view, 13> kNames = {
      "SA", "KE", "N", "IDi", "IDr", "AUTH", "TSi", "TSr", "D", "REKEY", "ERROR", "COOKIE", "NOTIFY"};
  std::string out;
  for (size_t i = 0; i < kNames.size(); ++i)
    if ((bits >> i & 1) != 0) out += (out.empty() ? "" : " ") + std::string(kNames[i]);
  return out.empty() ? "-" : out;
}

std::string state_names(uint32_t bits) {
  std::string out;
  for (uint32_t i = 0; i < static_cast<uint32_t>(SaState::kCount); ++i)
    if ((bits >> i & 1) != 0)
      out += (out.empty() ? "" : "|") + std::string(to_string(static_cast<SaState>(i)));
  return out;
}

}  // namespace

std::string_view to_string(SaState state) {
  switch (state) {
    case Idle:
      return "Idle";
    case SaInitSent:
      return "SaInitSent";
    case SaInitReplied:
      return "SaInitReplied";
    case AuthSent:
      return "AuthSent";
    case Established:
      return "Established";
    case Replaced:
      return "Rekeyed";
    case Deleting:
      return "Deleting";
    case Closed:
      return "Closed";
    case SaState::kCount:
      break;
  }
  return "";
}

uint32_t payload_bits(const wire::Message& message) {
  uint32_t bits = 0;
  for (const auto& payload : message.payloads) bits |= std::visit(BitOf{}, payload);
  return bits;
}

std::span<const Transition> transitions() { return kTransitions; }

const Transition* find_transition(SaState state, wire::ExchangeType exchange, bool response, uint32_t present,
                                  bool* known) {
  *known = false;
  for (const auto& row : kTransitions) {
    if (row.from != state || row.exchange != exchange || row.response != response) continue;
    *known = true;
    if ((present & row.required) == row.required) return &row;
  }
  return nullptr;
}

std::string print_transitions() {
  std::string out;
  for (uint32_t s = 0; s < static_cast<uint32_t>(SaState::kCount); ++s) {
    for (auto exchange : {IkeSaInit, IkeAuth, CreateChildSa, Informational}) {
      for (bool response : {kRequest, kResponse}) {
        const auto state = static_cast<SaState>(s);
        std::string head = std::string(to_string(state)) + " " + std::string(wire::to_string(exchange)) +
                           (response ? " response" : " request");
        bool any = false;
        for (const auto& row : kTransitions) {
          if (row.from != state || row.exchange != exchange || row.response != response) continue;
          any = true;
          out += head + ": " + payload_names(row.required) + " [" + payload_names(row.optional) + "] " +
                 std::string(row.name) + " -> " + state_names(row.next) + "\n";
        }
        if (!any) out += head + ": refused\n";
      }
    }
  }
  return out;
}

}  // namespace hawser::ike
