#include "sidecar/esp/mss.h"

#include <algorithm>

#include "sidecar/esp/checksum.h"
#include "sidecar/esp/inner_header.h"

namespace hawser::esp {
namespace {

constexpr uint8_t kTcp = 6;
constexpr size_t kTcpHeaderSize = 20;
constexpr uint8_t kSyn = 0x02;
constexpr uint8_t kEndOfOptions = 0, kNoOperation = 1, kMaximumSegmentSize = 2;
constexpr size_t kMssOptionSize = 4;

// Offset of the MSS value in the TCP header; 0 when there is none (RFC 9293 3.1).
size_t find_mss(BytesView tcp_header) {
  size_t i = kTcpHeaderSize;
  while (i < tcp_header.size() && tcp_header[i] != kEndOfOptions) {
    if (tcp_header[i] == kNoOperation) {
      ++i;
      continue;
    }
    if (i + 1 >= tcp_header.size()) return 0;
    size_t size = tcp_header[i + 1];
    if (size < 2 || i + size > tcp_header.size()) return 0;
    if (tcp_header[i] == kMaximumSegmentSize) return size == kMssOptionSize ? i + 2 : 0;
    i += size;
  }
  return 0;
}

uint16_t swapped(uint16_t word) { return static_cast<uint16_t>(word << 8 | word >> 8); }

}  // namespace

bool clamp_tcp_mss(MutableBytesView packet, uint16_t mss, uint32_t mtu) {
  if (mss == 0) return false;
  auto header = InnerHeader::parse(packet);
  if (!header || header->protocol != kTcp || !header->first_fragment) return false;
  MutableBytesView tcp =
      packet.subspan(header->transport_offset, header->total_length - header->transport_offset);
  if (tcp.size() < kTcpHeaderSize || (tcp[13] & kSyn) == 0) return false;
  size_t header_size = static_cast<size_t>(tcp[12] >> 4) * 4;
  if (header_size < kTcpHeaderSize || header_size > tcp.size()) return false;
  size_t at = find_mss(tcp.first(header_size));
  if (at == 0) return false;

  uint32_t headers = (header->version == IpVersion::V4 ? 20 : 40) + kTcpHeaderSize;
  if (mtu > headers) mss = static_cast<uint16_t>(std::min<uint32_t>(mss, mtu - headers));
  uint16_t before = load_be16(&tcp[at]);
  if (before <= mss) return false;
  store_be16(&tcp[at], mss);
  // A value at an odd offset lies across two words of the sum, which is the same as one word with its octets
  // swapped.
  bool odd = at % 2 != 0;
  store_be16(&tcp[16],
             checksum_update(load_be16(&tcp[16]), odd ? swapped(before) : before, odd ? swapped(mss) : mss));
  return true;
}

}  // namespace hawser::esp
