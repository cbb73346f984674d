#include "sidecar/esp/ecn.h"

#include <array>

#include "sidecar/esp/checksum.h"

namespace hawser::esp {
namespace {

constexpr uint8_t kEcnBits = 3;
constexpr uint8_t kNotEct = 0, kEct1 = 1, kEct0 = 2, kCe = 3;
constexpr uint8_t kDrop = 0xff;

// RFC 6040 figure 4. Row: inner; column: outer Not-ECT, ECT(1), ECT(0), CE (the order of the code points).
constexpr std::array<std::array<uint8_t, 4>, 4> kDecapsulation = {{
    /* Not-ECT */ {kNotEct, kNotEct, kNotEct, kDrop},
    /* ECT(1)  */ {kEct1, kEct1, kEct1, kCe},
    /* ECT(0)  */ {kEct0, kEct1, kEct0, kCe},
    /* CE      */ {kCe, kCe, kCe, kCe},
}};

}  // namespace

uint8_t ecn_encapsulate(uint8_t inner_traffic_class) { return inner_traffic_class & kEcnBits; }

std::optional<uint8_t> ecn_decapsulate(uint8_t inner_traffic_class, uint8_t outer_traffic_class) {
  uint8_t ecn = kDecapsulation[inner_traffic_class & kEcnBits][outer_traffic_class & kEcnBits];
  if (ecn == kDrop) return std::nullopt;
  return static_cast<uint8_t>((inner_traffic_class & ~kEcnBits) | ecn);
}

bool ecn_decapsulate_packet(MutableBytesView inner_packet, uint8_t outer_traffic_class) {
  uint8_t* p = inner_packet.data();
  uint16_t first_word = load_be16(p);
  bool v4 = p[0] >> 4 == 4;
  auto before = static_cast<uint8_t>(v4 ? first_word : first_word >> 4);
  auto after = ecn_decapsulate(before, outer_traffic_class);
  if (!after) return false;
  if (*after == before) return true;
  if (v4) {
    auto changed = static_cast<uint16_t>((first_word & 0xff00) | *after);
    store_be16(p + 10, checksum_update(load_be16(p + 10), first_word, changed));
    store_be16(p, changed);
  } else {
    store_be16(p, static_cast<uint16_t>((first_word & 0xf00f) | *after << 4));
  }
  return true;
}

}  // namespace hawser::esp
