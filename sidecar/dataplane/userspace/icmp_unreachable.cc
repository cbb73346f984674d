#include "sidecar/dataplane/userspace/icmp_unreachable.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include <algorithm>

#include "sidecar/esp/checksum.h"

namespace hawser::dataplane {
namespace {

constexpr size_t kIpv4Header = 20;
constexpr size_t kIpv6Header = 40;
constexpr size_t kIcmpHeader = 8;
constexpr uint8_t kHopLimit = 64;

bool is_icmp_error(const esp::InnerHeader& header, BytesView packet) {
  if (header.protocol != IPPROTO_ICMP && header.protocol != IPPROTO_ICMPV6) return false;
  if (header.transport_offset >= header.total_length) return true;  // cannot be told: be silent
  uint8_t type = packet[header.transport_offset];
  if (header.protocol == IPPROTO_ICMPV6) return type < 128;
  return type != ICMP_ECHO && type != ICMP_ECHOREPLY;
}

bool may_answer(const esp::InnerHeader& header, BytesView packet) {
  auto proper = [](const IpAddress& a) {
    return !a.is_unspecified() && !a.is_multicast() && !a.is_broadcast();
  };
  return header.first_fragment && proper(header.source) && proper(header.destination) &&
         !header.destination.is_link_local() && !is_icmp_error(header, packet);
}

void write_ipv4(const esp::InnerHeader& header, BytesView quoted, MutableBytesView out) {
  out[0] = 0x45;
  store_be16(&out[2], static_cast<uint16_t>(out.size()));
  out[8] = kHopLimit;
  out[9] = IPPROTO_ICMP;
  std::ranges::copy(header.destination.octets(), &out[12]);
  std::ranges::copy(header.source.octets(), &out[16]);
  store_be16(&out[10], esp::checksum_finish(esp::checksum_add(out.first(kIpv4Header))));
  MutableBytesView icmp = out.subspan(kIpv4Header);
  icmp[0] = ICMP_DEST_UNREACH;
  icmp[1] = ICMP_HOST_UNREACH;
  std::ranges::copy(quoted, &icmp[kIcmpHeader]);
  store_be16(&icmp[2], esp::checksum_finish(esp::checksum_add(icmp)));
}

void write_ipv6(const esp::InnerHeader& header, BytesView quoted, MutableBytesView out) {
  MutableBytesView icmp = out.subspan(kIpv6Header);
  out[0] = 0x60;
  store_be16(&out[4], static_cast<uint16_t>(icmp.size()));
  out[6] = IPPROTO_ICMPV6;
  out[7] = kHopLimit;
  std::ranges::copy(header.destination.octets(), &out[8]);
  std::ranges::copy(header.source.octets(), &out[24]);
  icmp[0] = ICMP6_DST_UNREACH;
  icmp[1] = ICMP6_DST_UNREACH_ADDR;
  std::ranges::copy(quoted, &icmp[kIcmpHeader]);
  // RFC 8200 8.1: addresses, length and next header count as well.
  uint32_t pseudo =
      esp::checksum_add(out.subspan(8, 32), static_cast<uint32_t>(icmp.size()) + IPPROTO_ICMPV6);
  store_be16(&icmp[2], esp::checksum_finish(esp::checksum_add(icmp, pseudo)));
}

}  // namespace

size_t write_icmp_unreachable(const esp::InnerHeader& header, BytesView packet, MutableBytesView out) {
  if (!may_answer(header, packet)) return 0;
  size_t headers = (header.version == IpVersion::V4 ? kIpv4Header : kIpv6Header) + kIcmpHeader;
  BytesView quoted = packet.first(std::min(header.total_length, kMaxIcmpUnreachable - headers));
  MutableBytesView answer = out.first(headers + quoted.size());
  std::ranges::fill(answer, 0);
  if (header.version == IpVersion::V4)
    write_ipv4(header, quoted, answer);
  else
    write_ipv6(header, quoted, answer);
  return answer.size();
}

}  // namespace hawser::dataplane
