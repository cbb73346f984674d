#pragma once

#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/result.h"

namespace hawser::wire {

// Walks over octets from a peer. The first failure sticks: everything read after it is zero or empty, and the
// cursor stays, so that a decoder reads straight through and asks ok() where it loops or allocates, and at
// its end. Does not own the octets; views that it hands out live as long as they do.
class Reader {
 public:
  // `what` starts each error text ("SA payload"); static text.
  Reader(BytesView octets, std::string_view what) : rest_(octets), what_(what) {}

  uint8_t u8() {
    BytesView b = take(1);
    return b.empty() ? uint8_t{0} : b[0];
  }
  uint16_t u16() {
    BytesView b = take(2);
    return b.empty() ? uint16_t{0} : load_be16(b.data());
  }
  uint32_t u32() {
    BytesView b = take(4);
    return b.empty() ? 0 : load_be32(b.data());
  }
  uint64_t u64() {
    BytesView b = take(8);
    return b.empty() ? 0 : load_be64(b.data());
  }
  void skip(size_t count) { take(count); }
  // Exactly `count` octets, or none and a failure.
  BytesView take(size_t count);
  // All that is left; may be empty.
  BytesView rest() { return take(rest_.size()); }
  Bytes copy(size_t count) {
    BytesView b = take(count);
    return {b.begin(), b.end()};
  }
  Bytes copy_rest() { return copy(rest_.size()); }

  size_t remaining() const { return rest_.size(); }
  bool ok() const { return error_.empty(); }
  // Records what is wrong unless something already is.
  void fail(std::string text);
  // REQUIRES: !ok().
  Error error() const;
  // The end of a structure: a failure, or octets left over, is an error.
  Result<void> finish();

 private:
  BytesView rest_;
  std::string_view what_;
  std::string error_;
};

}  // namespace hawser::wire
