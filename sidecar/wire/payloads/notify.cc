#include <string>

#include "sidecar/wire/payloads/payloads.h"

// Notify (RFC 7296 3.10), Delete (3.11) and Vendor ID (3.12).
//
//   Notify      | protocol | SPI size | type (2) | SPI | data |
//   Delete      | protocol | SPI size | count (2) | SPIs |        IKE: size 0, count 0. AH, ESP: size 4
//   Vendor ID   | data |
namespace hawser::wire {
namespace {
constexpr size_t kSpiSize = 4;
}  // namespace

// The protocol is kept as it came: without an SPI its value means nothing, and peers send any (RFC
// 7296 3.10).
NotifyPayload decode_notify(Reader& in) {
  NotifyPayload out;
  out.protocol = static_cast<ProtocolId>(in.u8());
  uint8_t spi_size = in.u8();
  out.type = static_cast<NotifyType>(in.u16());
  if (spi_size != 0 && spi_size != 4 && spi_size != 8)
    in.fail("an SPI of " + std::to_string(spi_size) + " octets; 0, 4 and 8 are allowed");
  out.spi = in.copy(spi_size);
  out.data = in.copy_rest();
  return out;
}

DeletePayload decode_delete(Reader& in) {
  DeletePayload out;
  out.protocol = static_cast<ProtocolId>(in.u8());
  size_t spi_size = in.u8();
  size_t count = in.u16();
  if (!in.ok()) return out;
  if (out.protocol == ProtocolId::Ike) {
    if (spi_size != 0 || count != 0) in.fail("SPIs listed for IKE");
    return out;
  }
  if (out.protocol != ProtocolId::Ah && out.protocol != ProtocolId::Esp)
    in.fail("protocol " + std::to_string(static_cast<int>(out.protocol)) + " is not IKE, AH or ESP");
  if (spi_size != kSpiSize) in.fail("an SPI size of " + std::to_string(spi_size) + "; 4 is due");
  if (count * kSpiSize != in.remaining())
    in.fail(std::to_string(count) + " SPIs announced in " + std::to_string(in.remaining()) + " octets");
  while (in.ok() && in.remaining() > 0) out.spis.emplace_back(in.u32());
  return out;
}

VendorIdPayload decode_vendor_id(Reader& in) { return {in.copy_rest()}; }

void encode(Writer& out, const NotifyPayload& payload) {
  CHECK(payload.spi.size() <= UINT8_MAX);
  out.u8(static_cast<uint8_t>(payload.protocol));
  out.u8(static_cast<uint8_t>(payload.spi.size()));
  out.u16(static_cast<uint16_t>(payload.type));
  out.octets(payload.spi);
  out.octets(payload.data);
}

void encode(Writer& out, const DeletePayload& payload) {
  CHECK(payload.spis.size() <= UINT16_MAX);
  out.u8(static_cast<uint8_t>(payload.protocol));
  out.u8(payload.protocol == ProtocolId::Ike ? uint8_t{0} : uint8_t{kSpiSize});
  out.u16(static_cast<uint16_t>(payload.spis.size()));
  for (sa::Spi spi : payload.spis) out.u32(spi.value);
}

void encode(Writer& out, const VendorIdPayload& payload) { out.octets(payload.data); }

}  // namespace hawser::wire
