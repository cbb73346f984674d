#include "common/base/check.h"
#include "sidecar/esp/checksum.h"
#include "sidecar/esp/ecn.h"
#include "sidecar/esp/inner_header.h"
#include "sidecar/esp/mss.h"
#include "sidecar/esp/packet_too_big.h"

namespace {

using namespace hawser;  // NOLINT(google-build-using-namespace)

uint16_t ipv4_checksum(BytesView packet) {
  return esp::checksum_finish(esp::checksum_add(packet.first(static_cast<size_t>(packet[0] & 15) * 4)));
}

uint16_t transport_checksum(BytesView packet, const esp::InnerHeader& header) {
  BytesView segment = packet.subspan(header.transport_offset, header.total_length - header.transport_offset);
  uint32_t sum = esp::checksum_add(header.source.octets(), esp::checksum_add(header.destination.octets()));
  sum += header.protocol + static_cast<uint32_t>(segment.size());
  return esp::checksum_finish(esp::checksum_add(segment, sum));
}

void check_ecn(const Bytes& packet, const esp::InnerHeader& header) {
  for (uint8_t outer = 0; outer < 4; ++outer) {
    Bytes copy = packet;
    if (!esp::ecn_decapsulate_packet(copy, outer)) continue;
    auto after = esp::InnerHeader::parse(copy);
    CHECK(after && after->total_length == header.total_length && after->source == header.source);
    CHECK(after->traffic_class >> 2 == header.traffic_class >> 2);
    if (header.version == IpVersion::V4) CHECK((ipv4_checksum(packet) == 0) == (ipv4_checksum(copy) == 0));
  }
}

// Lowers one value and keeps a right checksum right.
void check_mss(const Bytes& packet, const esp::InnerHeader& header, uint16_t mss) {
  Bytes copy = packet;
  if (!esp::clamp_tcp_mss(copy, mss, 1400)) {
    CHECK(copy == packet);
    return;
  }
  CHECK(mss != 0 && header.protocol == 6);
  CHECK((transport_checksum(packet, header) == 0) == (transport_checksum(copy, header) == 0));
  CHECK(!esp::clamp_tcp_mss(copy, mss, 1400));
}

void check_packet_too_big(const Bytes& packet, const esp::InnerHeader& header) {
  Bytes reply(esp::kPacketTooBigRoom);
  reply.resize(esp::make_packet_too_big(packet, 1400, header.destination, reply));
  if (reply.empty()) return;
  auto parsed = esp::InnerHeader::parse(reply);
  CHECK(parsed && parsed->total_length == reply.size() && parsed->destination == header.source);
}

}  // namespace

// First two octets: the MSS. The rest: a packet as an authenticated peer, or a pod, sends it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  Bytes packet(data + 2, data + size);
  auto header = esp::InnerHeader::parse(packet);
  if (!header) return 0;
  CHECK(header->total_length <= packet.size() && header->transport_offset <= header->total_length);
  check_ecn(packet, *header);
  check_mss(packet, *header, load_be16(data));
  check_packet_too_big(packet, *header);
  return 0;
}
