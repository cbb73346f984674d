#pragma once

#include <algorithm>
#include <cstdint>

namespace hawser::dataplane {

// Inner octets of one direction of a Child SA against its limits (RFC 4301 4.4.2.1).
class Lifetime {
 public:
  Lifetime(uint64_t soft, uint64_t hard) : soft_(soft), hard_(hard) {}

  // False: it would pass the hard limit; then nothing was counted, and no later packet passes either.
  bool spend(uint64_t octets) {
    if (expired_ || octets > hard_ - std::min(used_, hard_)) {
      expired_ = true;
      return false;
    }
    used_ += octets;
    return true;
  }
  bool soft_reached() const { return used_ >= soft_; }
  bool expired() const { return expired_; }

 private:
  uint64_t soft_;
  uint64_t hard_;
  uint64_t used_ = 0;
  bool expired_ = false;
};

}  // namespace hawser::dataplane
