#pragma once

#include <algorithm>
#include <array>

#include "common/base/random.h"
#include "common/base/secret.h"

namespace hawser::dataplane {

// Fetches random octets by the page: a call of the generator for each CBC IV would cost more than the cipher.
// What was handed out is wiped. One thread.
class BufferedRandom final : public Random {
 public:
  // `source` outlives this.
  explicit BufferedRandom(Random& source) : source_(source) {}
  ~BufferedRandom() override { wipe(buffer_); }

  void fill(MutableBytesView out) override {
    if (out.size() > buffer_.size()) return source_.fill(out);
    if (out.size() > buffer_.size() - used_) {
      source_.fill(buffer_);
      used_ = 0;
    }
    MutableBytesView taken = MutableBytesView(buffer_).subspan(used_, out.size());
    std::ranges::copy(taken, out.begin());
    std::ranges::fill(taken, uint8_t{0});
    used_ += out.size();
  }

 private:
  Random& source_;
  std::array<uint8_t, 4096> buffer_{};
  size_t used_ = buffer_.size();
};

}  // namespace hawser::dataplane
