#pragma once

#include <deque>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "sidecar/sa/names.h"

namespace hawser::dataplane {

// ESP packets whose SA is not there yet. A peer sends on a new SA as soon as its IKE answer has left, and
// that answer is still being read here. They are kept for the moment that this takes: few, and no octets that
// somebody else sends for long.
class EarlyPackets {
 public:
  static constexpr size_t kMaxPackets = 256;
  static constexpr size_t kMaxOctets = 512 * 1024;
  static constexpr Duration kMaxAge = std::chrono::seconds(1);

  struct Packet {
    sa::Spi spi;
    Bytes esp;
    uint8_t tos = 0;
    TimePoint since{};
  };

  // The oldest make room.
  void keep(sa::Spi spi, BytesView esp, uint8_t tos, TimePoint now);
  // Those of a new SA in the order in which they came.
  std::vector<Packet> take(sa::Spi spi, TimePoint now);
  size_t size() const { return packets_.size(); }

 private:
  void drop_oldest();

  std::deque<Packet> packets_;
  size_t octets_ = 0;
};

}  // namespace hawser::dataplane
