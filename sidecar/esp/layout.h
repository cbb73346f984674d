#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

// RFC 4303 2:   SPI | sequence number | IV | inner packet, padding, pad length, next header | ICV
//                                            `-------------- encrypted ------------------'
namespace hawser::esp {

inline constexpr size_t kHeaderSize = 8;   // SPI and sequence number: what the ICV covers before the IV
inline constexpr size_t kTrailerSize = 2;  // pad length, next header
inline constexpr uint8_t kNextHeaderIpv4 = 4;
inline constexpr uint8_t kNextHeaderIpv6 = 41;
inline constexpr uint8_t kNextHeaderDummy = 59;  // RFC 4303 2.6

// Octets of padding after an inner packet: up to the cipher's block, and to 4 octets in any case (RFC
// 4303 2.4).
constexpr size_t padding_after(size_t inner_size, size_t block_size) {
  size_t unit = std::max<size_t>(block_size, 4);
  return (unit - (inner_size + kTrailerSize) % unit) % unit;
}

}  // namespace hawser::esp
