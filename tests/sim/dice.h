#pragma once

#include <cstdint>

#include "common/base/clock.h"

namespace hawser::sim {

// What chance decides in a simulation; the same seed gives the same game (splitmix64).
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  bool chance(double probability) { return static_cast<double>(next() >> 11) * 0x1.0p-53 < probability; }
  Duration between(Duration low, Duration high) {
    auto span = static_cast<uint64_t>((high - low).count());
    return low + Duration(static_cast<int64_t>(span == 0 ? 0 : next() % (span + 1)));
  }

 private:
  uint64_t state_;
};

}  // namespace hawser::sim
