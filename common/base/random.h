#pragma once

#include <cstdint>

#include "common/base/bytes.h"
#include "common/base/clock.h"

namespace hawser {

// Unpredictable bytes: keys, nonces, SPIs, IVs. The real one is crypto::SystemRandom; tests pass a seeded
// one. An implementation belongs to one thread unless it says otherwise.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(MutableBytesView out) = 0;

  uint32_t next_u32() {
    uint8_t b[4];
    fill(b);
    return load_be32(b);
  }
  uint64_t next_u64() {
    uint8_t b[8];
    fill(b);
    return load_be64(b);
  }
};

// Spreads timers and back-off. A type of its own, so that the compiler refuses it where keys are made.
class Jitter {
 public:
  virtual ~Jitter() = default;
  // Uniform in [low, high]. REQUIRES: low <= high.
  virtual Duration between(Duration low, Duration high) = 0;
};

// Deterministic for a seed (splitmix64). Good enough for timers, never for secrets.
class SeededJitter final : public Jitter {
 public:
  explicit SeededJitter(uint64_t seed) : state_(seed) {}
  Duration between(Duration low, Duration high) override {
    uint64_t span = static_cast<uint64_t>((high - low).count());
    return low + Duration(span == 0 ? 0 : static_cast<int64_t>(next() % (span + 1)));
  }

 private:
  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  uint64_t state_;
};

}  // namespace hawser
