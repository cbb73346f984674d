#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

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

// A batch of packet slots in one allocation, whose memory is used as far as packets reach.
class PacketSlots {
 public:
  explicit PacketSlots(size_t slot_size)
      : size_(slot_size),
        stride_((slot_size + 4095) / 4096 * 4096 + 64),
        memory_(std::make_unique_for_overwrite<uint8_t[]>(kBatch * stride_)) {}
  MutableBytesView slot(size_t index) { return {memory_.get() + index * stride_, size_}; }

 private:
  size_t size_;
  // A cache line more than a multiple of 4 KiB, or all slots would fight for the same cache sets.
  size_t stride_;
  std::unique_ptr<uint8_t[]> memory_;
};

}  // namespace hawser::dataplane
