#pragma once

#include <algorithm>

#include "common/base/ip.h"
#include "sidecar/esp/checksum.h"

// Inner packets for the tests of this folder, with checksums computed in full and not by the code under test.
namespace hawser::esp::testing {

inline Bytes concat(std::initializer_list<BytesView> parts) {
  Bytes out;
  for (BytesView part : parts) append(out, part);
  return out;
}

inline void set_ipv4_checksum(Bytes& packet) {
  size_t size = static_cast<size_t>(packet[0] & 15) * 4;
  store_be16(&packet[10], 0);
  store_be16(&packet[10], checksum_finish(checksum_add(BytesView(packet).first(size))));
}

// `options` a multiple of 4 octets.
inline Bytes ipv4(uint8_t protocol, BytesView payload, BytesView options = {},
                  uint16_t flags_and_offset = 0x4000, uint8_t tos = 0) {
  Bytes out(20, 0);
  out[0] = static_cast<uint8_t>(0x45 + options.size() / 4);
  out[1] = tos;
  store_be16(&out[2], static_cast<uint16_t>(20 + options.size() + payload.size()));
  store_be16(&out[4], 0x1234);
  store_be16(&out[6], flags_and_offset);
  out[8] = 64;
  out[9] = protocol;
  store_be32(&out[12], 0x0a3d0001);  // 10.61.0.1
  store_be32(&out[16], 0x0a3e0002);  // 10.62.0.2
  append(out, options);
  append(out, payload);
  set_ipv4_checksum(out);
  return out;
}

inline Bytes ipv6(uint8_t next_header, BytesView payload, uint8_t traffic_class = 0) {
  Bytes out(40, 0);
  store_be32(out.data(), 6u << 28 | static_cast<uint32_t>(traffic_class) << 20 | 0xabcde);
  store_be16(&out[4], static_cast<uint16_t>(payload.size()));
  out[6] = next_header;
  out[7] = 64;
  std::ranges::copy(IpAddress::parse("2001:db8:1::1")->octets(), out.begin() + 8);
  std::ranges::copy(IpAddress::parse("2001:db8:2::2")->octets(), out.begin() + 24);
  append(out, payload);
  return out;
}

// Of the transport segment at `offset` of an IP packet, pseudo-header included; 0 when its checksum is right.
inline uint16_t transport_checksum(const Bytes& packet, size_t offset, uint8_t protocol) {
  bool v4 = packet[0] >> 4 == 4;
  BytesView view(packet);
  uint32_t sum = checksum_add(v4 ? view.subspan(12, 8) : view.subspan(8, 32));
  sum += protocol + static_cast<uint32_t>(packet.size() - offset);
  return checksum_finish(checksum_add(view.subspan(offset), sum));
}

inline Bytes udp(uint16_t source_port, uint16_t destination_port, size_t size) {
  Bytes out(8 + size, 0x61);
  store_be16(&out[0], source_port);
  store_be16(&out[2], destination_port);
  store_be16(&out[4], static_cast<uint16_t>(out.size()));
  store_be16(&out[6], 0);
  return out;
}

}  // namespace hawser::esp::testing
