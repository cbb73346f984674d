#pragma once

#include <random>

#include "common/base/random.h"

namespace hawser::trust {

// Repeats for a seed.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint32_t seed = 1) : engine_(seed) {}
  void fill(MutableBytesView out) override {
    for (uint8_t& byte : out) byte = static_cast<uint8_t>(engine_());
  }

 private:
  std::mt19937 engine_;
};

}  // namespace hawser::trust
