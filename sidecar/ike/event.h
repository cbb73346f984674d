#pragma once

#include <optional>
#include <string>
#include <variant>

#include "common/base/clock.h"
#include "common/base/ip.h"
#include "common/base/secret.h"
#include "common/catalog/reasons.h"
#include "sidecar/sa/names.h"
#include "sidecar/sa/suite.h"
#include "sidecar/wire/message.h"

namespace hawser::ike {

enum class Nat : uint8_t { None, Local, Remote, Both };
constexpr const char* to_string(Nat nat) {
  switch (nat) {
    case Nat::None:
      return "None";
    case Nat::Local:
      return "Local";
    case Nat::Remote:
      return "Remote";
    case Nat::Both:
      return "Both";
  }
  return "";
}

// Why a negotiation failed, attribute by attribute (contracts, section 4). As responder both values are
// known; as initiator `peer_offered` is "unknown" unless INVALID_KE_PAYLOAD's group or a request of the peer
// not older than 10 minutes tells it.
struct Failure {
  catalog::Reason reason = catalog::Reason::NegotiationFailed;
  TimePoint time;
  sa::Role role = sa::Role::Initiator;
  wire::ExchangeType exchange{};
  std::string attribute;     // "ikeEncryption" …; empty when not known
  std::string offered;       // ours
  std::string peer_offered;  // the peer's, or "unknown"
  std::string notify;        // "NO_PROPOSAL_CHOSEN"; empty when none
  std::string message;       // one sentence for a human
};

// Everything that logs, metrics and status know comes from these; nothing else is a source.
struct StateChanged {  // Established reason of the connection: Connecting, WaitingForPeer, Established or a
                       // fault
  sa::ConnectionName connection;
  catalog::Reason reason;
  std::string message;
};
struct NegotiationFinished {  // an exchange that we began or answered came to its end
  sa::ConnectionName connection;
  wire::ExchangeType exchange;
  sa::Role role;
  std::optional<Failure> failure;  // empty: ok
  Duration elapsed{};              // from its first message, as initiator
  bool unshown = false;            // one of many that nothing proves: counted, not told
};
struct Rekeyed {
  sa::ConnectionName connection;
  bool ike = false;  // else the Child SA
  sa::Role role;     // Initiator: we began it
  bool ok = true;
};
struct Retransmitted {
  sa::ConnectionName connection;
};
// A first exchange completed: IKE_SA_INIT sent (or received) until IKE_AUTH done.
struct HandshakeCompleted {
  sa::ConnectionName connection;
  sa::Role role;
  Duration elapsed{};
};
// Only with EndpointConfig::export_keys: what tshark needs.
struct IkeKeysDerived {
  sa::IkeSpi initiator_spi, responder_spi;
  sa::IkeSuite suite;
  SecretBytes sk_ei, sk_er, sk_ai, sk_ar;
};
using Event = std::variant<StateChanged, NegotiationFinished, Rekeyed, Retransmitted, HandshakeCompleted,
                           IkeKeysDerived>;

// What can be seen of a connection at one moment.
struct IkeSaView {
  sa::IkeSpi initiator_spi, responder_spi;
  sa::Role role;  // as original initiator of this IKE SA
  sa::IkeSuite suite;
  TimePoint established;
  SocketAddress local, remote;
  Nat nat = Nat::None;
};
struct ChildSaView {
  sa::Spi inbound_spi, outbound_spi;
  sa::ChildSuite suite;
  const catalog::GroupRow* exchanged_group = nullptr;  // of the CREATE_CHILD_SA that made it; null: none
  sa::Encapsulation encapsulation;
  TimePoint installed;
  bool outbound_active = true;
};
struct ConnectionView {
  sa::ConnectionName name;
  catalog::Reason reason = catalog::Reason::Connecting;  // under Established
  std::string message;
  std::optional<Failure> last_failure;
  std::vector<IkeSaView> ike_sas;      // established ones; more than one for a moment
  std::vector<ChildSaView> child_sas;  // installed ones; the last one is the newest
};

}  // namespace hawser::ike
