#include "sidecar/esp/packet_too_big.h"

#include <algorithm>

#include "sidecar/esp/checksum.h"
#include "sidecar/esp/inner_header.h"

namespace hawser::esp {
namespace {

constexpr uint8_t kIcmp = 1, kIcmpv6 = 58;
constexpr size_t kIcmpHeaderSize = 8;
constexpr uint8_t kHopLimit = 64;
// RFC 1812 4.3.2.3: as much of the packet as fits into 576 octets.
constexpr size_t kIpv4Limit = 576;

bool one_host(const IpAddress& address) {
  return !address.is_multicast() && !address.is_unspecified() && !address.is_broadcast();
}

// Errors of ICMP; queries may be answered. A type that cannot be read is taken for an error.
bool is_icmp_error(BytesView packet, const InnerHeader& header) {
  if (header.protocol != kIcmp && header.protocol != kIcmpv6) return false;
  if (header.transport_offset >= header.total_length) return true;
  uint8_t type = packet[header.transport_offset];
  if (header.protocol == kIcmpv6) return type < 128;
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

size_t write_v4(const InnerHeader& header, BytesView packet, uint32_t mtu, const IpAddress& source,
                MutableBytesView out) {
  constexpr size_t kIpHeaderSize = 20;
  size_t quoted = std::min(packet.size(), kIpv4Limit - kIpHeaderSize - kIcmpHeaderSize);
  size_t size = kIpHeaderSize + kIcmpHeaderSize + quoted;
  std::fill_n(out.begin(), kIpHeaderSize + kIcmpHeaderSize, uint8_t{0});
  uint8_t* ip = out.data();
  ip[0] = 0x45;
  ip[1] = 0xc0;  // internetwork control (RFC 1812 4.3.2.5)
  store_be16(ip + 2, static_cast<uint16_t>(size));
  ip[8] = kHopLimit;
  ip[9] = kIcmp;
  std::ranges::copy(source.octets(), ip + 12);
  std::ranges::copy(header.source.octets(), ip + 16);
  store_be16(ip + 10, checksum_finish(checksum_add(out.first(kIpHeaderSize))));
  uint8_t* icmp = ip + kIpHeaderSize;
  icmp[0] = 3;
  icmp[1] = 4;
  store_be16(icmp + 6, static_cast<uint16_t>(std::min<uint32_t>(mtu, UINT16_MAX)));
  std::copy_n(packet.begin(), quoted, icmp + kIcmpHeaderSize);
  store_be16(icmp + 2, checksum_finish(checksum_add(out.subspan(kIpHeaderSize, kIcmpHeaderSize + quoted))));
  return size;
}

size_t write_v6(const InnerHeader& header, BytesView packet, uint32_t mtu, const IpAddress& source,
                MutableBytesView out) {
  constexpr size_t kIpHeaderSize = 40;
  size_t quoted = std::min(packet.size(), kPacketTooBigRoom - kIpHeaderSize - kIcmpHeaderSize);
  size_t payload = kIcmpHeaderSize + quoted;
  std::fill_n(out.begin(), kIpHeaderSize + kIcmpHeaderSize, uint8_t{0});
  uint8_t* ip = out.data();
  ip[0] = 0x60;
  store_be16(ip + 4, static_cast<uint16_t>(payload));
  ip[6] = kIcmpv6;
  ip[7] = kHopLimit;
  std::ranges::copy(source.octets(), ip + 8);
  std::ranges::copy(header.source.octets(), ip + 24);
  uint8_t* icmp = ip + kIpHeaderSize;
  icmp[0] = 2;
  store_be32(icmp + 4, mtu);
  std::copy_n(packet.begin(), quoted, icmp + kIcmpHeaderSize);
  // Pseudo-header of RFC 8200 8.1: both addresses, the length and the next header.
  uint32_t sum = checksum_add(out.subspan(8, 32));
  sum += static_cast<uint32_t>(payload) + kIcmpv6;
  store_be16(icmp + 2, checksum_finish(checksum_add(out.subspan(kIpHeaderSize, payload), sum)));
  return kIpHeaderSize + payload;
}

}  // namespace

size_t make_packet_too_big(BytesView inner_packet, uint32_t mtu, const IpAddress& source,
                           MutableBytesView out) {
  CHECK(out.size() >= kPacketTooBigRoom);
  auto header = InnerHeader::parse(inner_packet);
  if (!header || source.version() != header->version || !header->dont_fragment || !header->first_fragment)
    return 0;
  if (!one_host(header->source)) return 0;
  // RFC 4443 2.4 e.3 wants "packet too big" answered to a multicast destination too, for path MTU discovery.
  if (header->version == IpVersion::V4 && !one_host(header->destination)) return 0;
  if (is_icmp_error(inner_packet, *header)) return 0;
  BytesView packet = inner_packet.first(header->total_length);
  return header->version == IpVersion::V4 ? write_v4(*header, packet, mtu, source, out)
                                          : write_v6(*header, packet, mtu, source, out);
}

}  // namespace hawser::esp
