#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace hawser::esp {

// Anti-replay window of RFC 4303 3.4.3, as a ring that is never shifted (RFC 6479). Without ESN.
// First check(), then the ICV, and only when that is good advance(): a forged number must not move the
// window.
class ReplayWindow {
 public:
  // Sequence numbers that may arrive late: more than several queues of a fast peer reorder.
  static constexpr uint32_t kSize = 1984;

  // False for a number that was seen, is too old, or is 0, which no sender uses (RFC 4303 3.3.3).
  bool check(uint32_t sequence) const;
  // REQUIRES: check(sequence).
  void advance(uint32_t sequence);
  uint32_t highest() const { return highest_; }

 private:
  static constexpr uint32_t kWordBits = 64;
  // One word more than the window: it is being filled while the rest is valid.
  static constexpr uint32_t kWords = kSize / kWordBits + 1;
  static_assert((kWords & (kWords - 1)) == 0);

  static uint32_t word_of(uint32_t sequence) { return sequence / kWordBits % kWords; }
  static uint64_t bit_of(uint32_t sequence) { return uint64_t{1} << sequence % kWordBits; }

  uint32_t highest_ = 0;
  std::array<uint64_t, kWords> seen_{};
};

}  // namespace hawser::esp
