#include <string>

#include "sidecar/wire/payloads/payloads.h"

// Key Exchange (RFC 7296 3.4) and Nonce (3.9).
//
//   KE      | group (2) | 0 (2) | public value |
//   Nonce   | 16 to 256 octets |
namespace hawser::wire {
namespace {
constexpr size_t kMinNonce = 16;
constexpr size_t kMaxNonce = 256;
}  // namespace

KePayload decode_ke(Reader& in) {
  KePayload out;
  out.group = in.u16();
  in.skip(2);
  out.data = in.copy_rest();
  if (in.ok() && out.data.empty()) in.fail("no public value");
  return out;
}

NoncePayload decode_nonce(Reader& in) {
  if (in.remaining() < kMinNonce || in.remaining() > kMaxNonce)
    in.fail(std::to_string(in.remaining()) + " octets; 16 to 256 are allowed");
  return {in.copy_rest()};
}

void encode(Writer& out, const KePayload& payload) {
  out.u16(payload.group);
  out.u16(0);
  out.octets(payload.data);
}

void encode(Writer& out, const NoncePayload& payload) { out.octets(payload.data); }

}  // namespace hawser::wire
