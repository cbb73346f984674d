#include "sidecar/wire/chain.h"

#include <set>
#include <string>

#include "sidecar/wire/payloads/payloads.h"

// Generic payload header (RFC 7296 3.2), in front of each payload:
//
//   | next payload | critical (1 bit) 0 (7) | length (2), this header included | body |
namespace hawser::wire {
namespace {

constexpr uint8_t kCritical = 0x80;

struct Raw {
  PayloadType type{};
  PayloadType next{};
  bool critical = false;
  BytesView body;
};

std::string name_of(PayloadType type) {
  switch (type) {
    case PayloadType::Sa:
      return "SA payload";
    case PayloadType::Ke:
      return "KE payload";
    case PayloadType::IdInitiator:
      return "IDi payload";
    case PayloadType::IdResponder:
      return "IDr payload";
    case PayloadType::Auth:
      return "AUTH payload";
    case PayloadType::Nonce:
      return "Nonce payload";
    case PayloadType::Notify:
      return "Notify payload";
    case PayloadType::Delete:
      return "Delete payload";
    case PayloadType::VendorId:
      return "Vendor ID payload";
    case PayloadType::TsInitiator:
      return "TSi payload";
    case PayloadType::TsResponder:
      return "TSr payload";
    case PayloadType::Encrypted:
      return "SK payload";
    case PayloadType::EncryptedFragment:
      return "SKF payload";
    default:
      return "payload of type " + std::to_string(static_cast<int>(type));
  }
}

// Two of one of these are never right, and which one counts would be the peer's choice.
bool single(PayloadType type) {
  switch (type) {
    case PayloadType::Sa:
    case PayloadType::Ke:
    case PayloadType::IdInitiator:
    case PayloadType::IdResponder:
    case PayloadType::Auth:
    case PayloadType::Nonce:
    case PayloadType::TsInitiator:
    case PayloadType::TsResponder:
    case PayloadType::Encrypted:
    case PayloadType::EncryptedFragment:
      return true;
    default:
      return false;
  }
}

// What is encrypted ends the message; its "next payload" names the first payload inside (RFC 7296 3.14, RFC
// 7383 2.5).
bool ends_chain(PayloadType type) {
  return type == PayloadType::Encrypted || type == PayloadType::EncryptedFragment;
}

// Types of RFC 7296: everybody is held to know them, so the critical bit says nothing on them (RFC 7296 2.5).
bool defined_in_rfc7296(PayloadType type) { return type >= PayloadType::Sa && type <= PayloadType::Eap; }

Payload decode_body(const Raw& raw, Reader& in) {
  switch (raw.type) {
    case PayloadType::Sa:
      return decode_sa(in);
    case PayloadType::Ke:
      return decode_ke(in);
    case PayloadType::IdInitiator:
    case PayloadType::IdResponder:
      return decode_id(in, raw.type == PayloadType::IdInitiator);
    case PayloadType::Auth:
      return decode_auth(in);
    case PayloadType::Nonce:
      return decode_nonce(in);
    case PayloadType::Notify:
      return decode_notify(in);
    case PayloadType::Delete:
      return decode_delete(in);
    case PayloadType::VendorId:
      return decode_vendor_id(in);
    case PayloadType::TsInitiator:
    case PayloadType::TsResponder:
      return decode_ts(in, raw.type == PayloadType::TsInitiator);
    case PayloadType::Encrypted:
      return EncryptedPayload{raw.next, in.copy_rest()};
    default:
      return UnknownPayload{static_cast<uint8_t>(raw.type), raw.critical && !defined_in_rfc7296(raw.type),
                            in.copy_rest()};
  }
}

Raw take_payload(Reader& chain, PayloadType type) {
  Raw raw;
  raw.type = type;
  raw.next = static_cast<PayloadType>(chain.u8());
  raw.critical = (chain.u8() & kCritical) != 0;
  size_t length = chain.u16();
  if (chain.ok() && length < kGenericHeaderSize)
    chain.fail(name_of(type) + " has length " + std::to_string(length) + ", below 4");
  raw.body = chain.take(length < kGenericHeaderSize ? 0 : length - kGenericHeaderSize);
  return raw;
}

struct Encoder {
  Writer& out;
  void operator()(const EncryptedPayload& payload) const { out.octets(payload.body); }
  void operator()(const UnknownPayload& payload) const { out.octets(payload.data); }
  template <typename T>
  void operator()(const T& payload) const {
    encode(out, payload);
  }
};

PayloadType next_of(const std::vector<Payload>& payloads, size_t i) {
  if (const auto* sk = std::get_if<EncryptedPayload>(&payloads[i])) return sk->first_inner;
  return i + 1 < payloads.size() ? type_of(payloads[i + 1]) : PayloadType::None;
}

}  // namespace

Result<std::vector<Payload>> decode_chain(PayloadType first, BytesView octets, ChainPlace place) {
  std::vector<Payload> out;
  std::set<PayloadType> seen;
  Reader chain(octets, "payload chain");
  PayloadType type = first;
  while (type != PayloadType::None) {
    if (out.size() == kMaxPayloads) chain.fail("more than " + std::to_string(kMaxPayloads) + " payloads");
    if (place == ChainPlace::InsideSk && ends_chain(type)) chain.fail(name_of(type) + " inside SK");
    if (single(type) && !seen.insert(type).second) chain.fail("a second " + name_of(type));
    Raw raw = take_payload(chain, type);
    if (!chain.ok()) return chain.error();
    std::string name = name_of(type);
    Reader body(raw.body, name);
    Payload payload = decode_body(raw, body);
    RETURN_IF_ERROR(body.finish());
    out.push_back(std::move(payload));
    type = ends_chain(type) ? PayloadType::None : raw.next;
  }
  RETURN_IF_ERROR(chain.finish());
  return out;
}

PayloadType type_of(const Payload& payload) {
  struct Visitor {
    PayloadType operator()(const SaPayload&) const { return PayloadType::Sa; }
    PayloadType operator()(const KePayload&) const { return PayloadType::Ke; }
    PayloadType operator()(const NoncePayload&) const { return PayloadType::Nonce; }
    PayloadType operator()(const IdPayload& id) const {
      return id.initiator ? PayloadType::IdInitiator : PayloadType::IdResponder;
    }
    PayloadType operator()(const AuthPayload&) const { return PayloadType::Auth; }
    PayloadType operator()(const NotifyPayload&) const { return PayloadType::Notify; }
    PayloadType operator()(const DeletePayload&) const { return PayloadType::Delete; }
    PayloadType operator()(const VendorIdPayload&) const { return PayloadType::VendorId; }
    PayloadType operator()(const TsPayload& ts) const {
      return ts.initiator ? PayloadType::TsInitiator : PayloadType::TsResponder;
    }
    PayloadType operator()(const EncryptedPayload&) const { return PayloadType::Encrypted; }
    PayloadType operator()(const UnknownPayload& unknown) const {
      return static_cast<PayloadType>(unknown.type);
    }
  };
  return std::visit(Visitor{}, payload);
}

void encode_chain(Writer& out, const std::vector<Payload>& payloads) {
  for (size_t i = 0; i < payloads.size(); ++i) {
    size_t start = out.position();
    const auto* unknown = std::get_if<UnknownPayload>(&payloads[i]);
    out.u8(static_cast<uint8_t>(next_of(payloads, i)));
    out.u8(unknown != nullptr && unknown->critical ? kCritical : uint8_t{0});
    size_t length = out.reserve_u16();
    std::visit(Encoder{out}, payloads[i]);
    out.fill_length(length, start);
  }
}

}  // namespace hawser::wire
