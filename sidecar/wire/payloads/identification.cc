#include <string>

#include "sidecar/wire/payloads/payloads.h"

// Identification (RFC 7296 3.5) and Authentication (3.8).
//
//   ID     | type | reserved (3) | data |          reserved is kept: it is under AUTH as received (2.15)
//   AUTH   | method | 0 (3) | data |
namespace hawser::wire {
namespace {

constexpr uint8_t kIpv4Addr = 1;
constexpr uint8_t kIpv6Addr = 5;

bool size_fits(uint8_t id_type, size_t size) {
  if (id_type == kIpv4Addr) return size == 4;
  if (id_type == kIpv6Addr) return size == 16;
  return true;
}

}  // namespace

IdPayload decode_id(Reader& in, bool initiator) {
  IdPayload out;
  out.initiator = initiator;
  out.id_type = in.u8();
  for (auto& octet : out.reserved) octet = in.u8();
  out.data = in.copy_rest();
  if (in.ok() && !size_fits(out.id_type, out.data.size()))
    in.fail("an address of " + std::to_string(out.data.size()) + " octets in type " +
            std::to_string(out.id_type));
  return out;
}

AuthPayload decode_auth(Reader& in) {
  AuthPayload out;
  out.method = in.u8();
  in.skip(3);
  out.data = in.copy_rest();
  return out;
}

void encode(Writer& out, const IdPayload& payload) {
  out.u8(payload.id_type);
  out.octets(payload.reserved);
  out.octets(payload.data);
}

void encode(Writer& out, const AuthPayload& payload) {
  out.u8(payload.method);
  out.zeros(3);
  out.octets(payload.data);
}

Bytes id_body(const IdPayload& id) {
  Bytes out;
  Writer writer(out);
  encode(writer, id);
  return out;
}

}  // namespace hawser::wire
