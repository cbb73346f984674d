#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/result.h"
#include "sidecar/sa/names.h"
#include "sidecar/sa/selectors.h"

// IKEv2 messages (RFC 7296 section 3) as values. Pure: no crypto, no I/O, no state. Parsing copies what it
// keeps; nothing here refers to the datagram afterwards.
namespace hawser::wire {

inline constexpr size_t kHeaderSize = 28;
inline constexpr size_t kGenericHeaderSize = 4;

enum class ExchangeType : uint8_t { IkeSaInit = 34, IkeAuth = 35, CreateChildSa = 36, Informational = 37 };
std::string_view to_string(ExchangeType type);  // "IKE_SA_INIT"; "UNKNOWN" for others

enum class PayloadType : uint8_t {
  None = 0,
  Sa = 33,
  Ke = 34,
  IdInitiator = 35,
  IdResponder = 36,
  Cert = 37,
  CertRequest = 38,
  Auth = 39,
  Nonce = 40,
  Notify = 41,
  Delete = 42,
  VendorId = 43,
  TsInitiator = 44,
  TsResponder = 45,
  Encrypted = 46,
  Configuration = 47,
  Eap = 48,
  EncryptedFragment = 53,
};

enum class ProtocolId : uint8_t { None = 0, Ike = 1, Ah = 2, Esp = 3 };

enum class TransformType : uint8_t { Encryption = 1, Prf = 2, Integrity = 3, KeyExchange = 4, Esn = 5 };

// Error types are below 16384 (RFC 7296 3.10.1). Any number may arrive; these are the ones we act on or send.
enum class NotifyType : uint16_t {
  UnsupportedCriticalPayload = 1,
  InvalidIkeSpi = 4,
  InvalidMajorVersion = 5,
  InvalidSyntax = 7,
  InvalidMessageId = 9,
  InvalidSpi = 11,
  NoProposalChosen = 14,
  InvalidKePayload = 17,
  AuthenticationFailed = 24,
  SinglePairRequired = 34,
  NoAdditionalSas = 35,
  InternalAddressFailure = 36,
  FailedCpRequired = 37,
  TsUnacceptable = 38,
  InvalidSelectors = 39,
  TemporaryFailure = 43,
  ChildSaNotFound = 44,
  InitialContact = 16384,
  SetWindowSize = 16385,
  AdditionalTsPossible = 16386,
  NatDetectionSourceIp = 16388,
  NatDetectionDestinationIp = 16389,
  Cookie = 16390,
  UseTransportMode = 16391,
  RekeySa = 16393,
  EspTfcPaddingNotSupported = 16394,
  NonFirstFragmentsAlso = 16395,
  ChildlessIkev2Supported = 16418,
  FragmentationSupported = 16430,
  SignatureHashAlgorithms = 16431,
};
inline bool is_error(NotifyType type) { return static_cast<uint16_t>(type) < 16384; }
// "NO_PROPOSAL_CHOSEN"; "NOTIFY_12345" for a number without a name.
std::string to_string(NotifyType type);

// Bits of the flags octet (RFC 7296 3.1).
struct Header {
  sa::IkeSpi initiator_spi;
  sa::IkeSpi responder_spi;
  uint8_t major_version = 2;
  uint8_t minor_version = 0;
  ExchangeType exchange_type{};  // any octet may arrive
  bool initiator = false;        // I: sent by the original initiator of this IKE SA
  bool response = false;         // R
  uint32_t message_id = 0;
};

struct Transform {
  TransformType type{};
  uint16_t id = 0;
  std::optional<uint16_t> key_bits;  // attribute 14
  bool unknown_attribute = false;    // received with an attribute we do not know: unusable (RFC 7296 3.3.6)
  friend bool operator==(const Transform&, const Transform&) = default;
};
struct Proposal {
  uint8_t number = 1;
  ProtocolId protocol{};
  Bytes spi;  // 0, 4 or 8 octets
  std::vector<Transform> transforms;
  friend bool operator==(const Proposal&, const Proposal&) = default;
};

struct SaPayload {
  std::vector<Proposal> proposals;
};
struct KePayload {
  uint16_t group = 0;
  Bytes data;
};
struct NoncePayload {
  Bytes data;  // 16..256 octets
};
struct IdPayload {
  bool initiator = true;  // IDi or IDr
  uint8_t id_type = 0;
  Bytes data;
  std::array<uint8_t, 3> reserved{};  // as received: they are under AUTH (RFC 7296 2.15)
};
struct AuthPayload {
  uint8_t method = 0;  // 2: shared key message integrity code
  Bytes data;
};
struct NotifyPayload {
  ProtocolId protocol = ProtocolId::None;
  NotifyType type{};
  Bytes spi;  // 0, 4 or 8 octets
  Bytes data;
};
struct DeletePayload {
  ProtocolId protocol{};
  std::vector<sa::Spi> spis;  // none for IKE
};
struct VendorIdPayload {
  Bytes data;
};
struct TsPayload {
  bool initiator = true;           // TSi or TSr
  sa::TrafficSelectors selectors;  // those of types 7 and 8; others are skipped
};
// SK as received or to be sent: still closed. Always the last payload.
struct EncryptedPayload {
  PayloadType first_inner = PayloadType::None;
  Bytes body;  // IV | ciphertext | ICV
};
// A type we do not process (also CERT, CP, EAP …): kept for its critical bit.
struct UnknownPayload {
  uint8_t type = 0;
  bool critical = false;
  Bytes data;
};

using Payload = std::variant<SaPayload, KePayload, NoncePayload, IdPayload, AuthPayload, NotifyPayload,
                             DeletePayload, VendorIdPayload, TsPayload, EncryptedPayload, UnknownPayload>;

struct Message {
  Header header;
  std::vector<Payload> payloads;

  // The first payload of a type; null when there is none. Lives as long as this message.
  template <typename T>
  const T* find() const {
    for (const auto& payload : payloads)
      if (const T* found = std::get_if<T>(&payload)) return found;
    return nullptr;
  }
  const IdPayload* find_id(bool initiator) const;
  const TsPayload* find_ts(bool initiator) const;
  const NotifyPayload* find_notify(NotifyType type) const;
  // The first notify that is an error (below 16384).
  const NotifyPayload* find_error() const;
};

// Header only. InvalidArgument: shorter than 28 octets, or Length below 28 or beyond the datagram. A longer
// datagram is allowed (RFC 7296 3.1; some peers pad).
Result<Header> parse_header(BytesView datagram);

// Header and outer payload chain. InvalidArgument names the payload and what is wrong. A second SA, KE,
// Nonce, ID, AUTH or TS payload of one kind is an error, as is anything after SK.
Result<Message> parse(BytesView datagram);

// The chain inside an opened SK payload, padding already cut. Same rules.
Result<std::vector<Payload>> parse_payloads(PayloadType first, BytesView chain);

// A complete clear message (IKE_SA_INIT, and unprotected notifies).
Bytes serialize(const Message& message);

// The inner chain of `payloads`, and the type of its first payload: what goes into SK.
struct Chain {
  PayloadType first = PayloadType::None;
  Bytes bytes;
};
Chain serialize_payloads(const std::vector<Payload>& payloads);

// Message whose only payload is SK with room for `body_size` octets (IV | ciphertext | ICV) of zeros: the
// caller seals it in place. aad is everything before the body (header and generic header of SK).
struct SkEnvelope {
  Bytes message;
  size_t body_offset = 0;
};
SkEnvelope make_sk_envelope(const Header& header, PayloadType first_inner, size_t body_size);

// Octets of an ID payload's body as they go under AUTH: type, reserved, data (RFC 7296 2.15).
Bytes id_body(const IdPayload& id);

}  // namespace hawser::wire
