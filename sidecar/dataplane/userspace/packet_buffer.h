#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/base/bytes.h"
#include "sidecar/dataplane/node/constants.h"

namespace hawser::dataplane {

// Room before an inner packet for SPI, sequence number and IV (RFC 4303 2), behind it for padding, trailer
// and ICV.
inline constexpr size_t kHeadroom = 64;
inline constexpr size_t kTailroom = 128;
inline constexpr size_t kMaxPacket = kMaxMtu;

// Packets move in batches of this many: enough to spread the cost of a system call, few enough to stay in the
// cache.
inline constexpr size_t kBatch = 32;

// A batch of packet slots in one allocation.
class PacketSlots {
 public:
  PacketSlots() : memory_(kBatch * kStride) {}
  // kHeadroom + kMaxPacket + kTailroom octets.
  MutableBytesView slot(size_t index) { return {memory_.data() + index * kStride, kSize}; }

 private:
  static constexpr size_t kSize = kHeadroom + kMaxPacket + kTailroom;
  // A cache line more than a multiple of 4 KiB, or all slots would fight for the same cache sets.
  static constexpr size_t kStride = (kSize + 4095) / 4096 * 4096 + 64;
  std::vector<uint8_t> memory_;
};

}  // namespace hawser::dataplane
