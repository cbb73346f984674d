#include "sidecar/esp/replay_window.h"

#include <algorithm>

#include "common/base/check.h"

namespace hawser::esp {

bool ReplayWindow::check(uint32_t sequence) const {
  if (sequence == 0) return false;
  if (sequence > highest_) return true;
  if (highest_ - sequence >= kSize) return false;
  return (seen_[word_of(sequence)] & bit_of(sequence)) == 0;
}

void ReplayWindow::advance(uint32_t sequence) {
  CHECK(check(sequence));
  if (sequence > highest_) {
    uint32_t steps = std::min(sequence / kWordBits - highest_ / kWordBits, kWords);
    for (uint32_t i = 1; i <= steps; ++i) seen_[(word_of(highest_) + i) % kWords] = 0;
    highest_ = sequence;
  }
  seen_[word_of(sequence)] |= bit_of(sequence);
}

}  // namespace hawser::esp
