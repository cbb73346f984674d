#include "sidecar/esp/inner_header.h"

#include <algorithm>

namespace hawser::esp {
namespace {

constexpr size_t kIpv4HeaderSize = 20;
constexpr size_t kIpv6HeaderSize = 40;
constexpr uint8_t kHopByHop = 0, kTcp = 6, kUdp = 17, kRouting = 43, kFragment = 44, kAuthentication = 51,
                  kDestinationOptions = 60, kSctp = 132;

IpAddress v4_at(const uint8_t* octets) { return IpAddress::v4(load_be32(octets)); }

IpAddress v6_at(const uint8_t* octets) {
  std::array<uint8_t, 16> copy;
  std::copy_n(octets, copy.size(), copy.begin());
  return IpAddress::v6(copy);
}

bool parse_v4(BytesView packet, InnerHeader& out) {
  if (packet.size() < kIpv4HeaderSize) return false;
  const uint8_t* p = packet.data();
  out.version = IpVersion::V4;
  out.transport_offset = static_cast<size_t>(p[0] & 15) * 4;
  out.total_length = load_be16(p + 2);
  if (out.transport_offset < kIpv4HeaderSize || out.total_length < out.transport_offset ||
      out.total_length > packet.size())
    return false;
  out.traffic_class = p[1];
  uint16_t flags_and_offset = load_be16(p + 6);
  out.dont_fragment = (flags_and_offset & 0x4000) != 0;
  out.fragment = (flags_and_offset & 0x3fff) != 0;
  out.first_fragment = (flags_and_offset & 0x1fff) == 0;
  out.protocol = p[9];
  out.source = v4_at(p + 12);
  out.destination = v4_at(p + 16);
  return true;
}

// Octets of the extension header at `offset`; 0 when it is not whole.
size_t extension_size(BytesView packet, size_t offset, uint8_t type) {
  if (packet.size() < offset + 8) return 0;
  size_t size = 8;
  if (type == kAuthentication)
    size = (size_t{packet[offset + 1]} + 2) * 4;  // RFC 4302 2.2
  else if (type != kFragment)
    size = (size_t{packet[offset + 1]} + 1) * 8;
  return packet.size() < offset + size ? 0 : size;
}

bool is_extension(uint8_t type) {
  return type == kHopByHop || type == kRouting || type == kFragment || type == kAuthentication ||
         type == kDestinationOptions;
}

// Follows RFC 8200 4 up to the transport, to the data of a later fragment, or to a header that is not whole.
void walk_extensions(BytesView packet, InnerHeader& out) {
  while (is_extension(out.protocol) && out.first_fragment) {
    size_t size = extension_size(packet, out.transport_offset, out.protocol);
    if (size == 0) return;
    if (out.protocol == kFragment) {
      uint16_t offset_and_more = load_be16(&packet[out.transport_offset + 2]);
      out.fragment = (offset_and_more & 0xfff9) != 0;
      out.first_fragment = (offset_and_more & 0xfff8) == 0;
    }
    out.protocol = packet[out.transport_offset];
    out.transport_offset += size;
  }
}

bool parse_v6(BytesView packet, InnerHeader& out) {
  if (packet.size() < kIpv6HeaderSize) return false;
  const uint8_t* p = packet.data();
  out.version = IpVersion::V6;
  out.total_length = kIpv6HeaderSize + load_be16(p + 4);
  if (out.total_length > packet.size()) return false;
  out.traffic_class = static_cast<uint8_t>(p[0] << 4 | p[1] >> 4);
  out.dont_fragment = true;
  out.protocol = p[6];
  out.transport_offset = kIpv6HeaderSize;
  out.source = v6_at(p + 8);
  out.destination = v6_at(p + 24);
  walk_extensions(packet.first(out.total_length), out);
  return true;
}

void read_ports(BytesView packet, InnerHeader& out) {
  bool known = out.protocol == kTcp || out.protocol == kUdp || out.protocol == kSctp;
  if (!known || !out.first_fragment || out.total_length < out.transport_offset + 4) return;
  out.has_ports = true;
  out.source_port = load_be16(&packet[out.transport_offset]);
  out.destination_port = load_be16(&packet[out.transport_offset + 2]);
}

}  // namespace

std::optional<InnerHeader> InnerHeader::parse(BytesView packet) {
  InnerHeader out;
  int version = packet.empty() ? 0 : packet[0] >> 4;
  bool good = version == 4 ? parse_v4(packet, out) : version == 6 && parse_v6(packet, out);
  if (!good) return std::nullopt;
  read_ports(packet, out);
  return out;
}

}  // namespace hawser::esp
