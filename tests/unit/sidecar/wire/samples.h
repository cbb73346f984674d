#pragma once

#include <vector>

#include "sidecar/wire/message.h"

// One small good message of each exchange, in clear. Small, so that all its two-bit mutations can be tried.
namespace hawser::wire {

inline Bytes counted(uint8_t first, size_t count) {
  Bytes out(count);
  for (auto& octet : out) octet = first++;
  return out;
}

inline Header header_of(ExchangeType exchange, uint32_t message_id) {
  Header out;
  out.initiator_spi = sa::IkeSpi(0x1122334455667788);
  out.responder_spi = sa::IkeSpi(0x99aabbccddeeff01);
  out.exchange_type = exchange;
  out.initiator = true;
  out.message_id = message_id;
  return out;
}

inline Proposal ike_proposal(Bytes spi = {}) {
  return {1,
          ProtocolId::Ike,
          std::move(spi),
          {{TransformType::Encryption, 12, 256, false},
           {TransformType::Prf, 5, {}, false},
           {TransformType::Integrity, 12, {}, false},
           {TransformType::KeyExchange, 14, {}, false}}};
}

inline Proposal esp_proposal() {
  return {1,
          ProtocolId::Esp,
          {0xc0, 0xff, 0xee, 0x01},
          {{TransformType::Encryption, 20, 256, false}, {TransformType::Esn, 0, {}, false}}};
}

inline TsPayload any_v4(bool initiator) {
  return {initiator, {sa::TrafficSelector::of(IpPrefix::any(IpVersion::V4))}};
}

inline Message ike_sa_init() {
  Message out{header_of(ExchangeType::IkeSaInit, 0), {}};
  out.header.responder_spi = {};
  out.payloads = {SaPayload{{ike_proposal()}}, KePayload{14, counted(1, 4)}, NoncePayload{counted(2, 16)},
                  NotifyPayload{ProtocolId::None, NotifyType::Cookie, {}, counted(3, 2)}};
  return out;
}

inline Message ike_auth() {
  return {header_of(ExchangeType::IkeAuth, 1),
          {IdPayload{true, 1, {192, 0, 2, 1}, {}}, AuthPayload{2, counted(4, 4)}, SaPayload{{esp_proposal()}},
           any_v4(true), any_v4(false)}};
}

inline Message rekey_child() {
  return {header_of(ExchangeType::CreateChildSa, 2),
          {NotifyPayload{ProtocolId::Esp, NotifyType::RekeySa, {1, 2, 3, 4}, {}}, SaPayload{{esp_proposal()}},
           NoncePayload{counted(5, 16)}, KePayload{19, counted(6, 4)}, any_v4(true), any_v4(false)}};
}

inline Message informational() {
  return {header_of(ExchangeType::Informational, 3),
          {DeletePayload{ProtocolId::Esp, {sa::Spi(0x01020304), sa::Spi(0x05060708)}}, VendorIdPayload{{1}},
           UnknownPayload{200, true, {1, 2}}}};
}

inline Message sealed() {
  return {header_of(ExchangeType::Informational, 4), {EncryptedPayload{PayloadType::Delete, counted(7, 32)}}};
}

// The body of the only payload, parsed alone: for tests of one payload's rules.
inline Result<std::vector<Payload>> parse_one(PayloadType type, BytesView body) {
  Bytes chain = {0, 0, static_cast<uint8_t>((body.size() + 4) >> 8), static_cast<uint8_t>(body.size() + 4)};
  append(chain, body);
  return parse_payloads(type, chain);
}

inline Bytes hex(std::string_view text) { return from_hex(text).value(); }

}  // namespace hawser::wire
