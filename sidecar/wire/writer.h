#pragma once

#include "common/base/bytes.h"
#include "common/base/check.h"

namespace hawser::wire {

// Appends to a buffer in network order. Lengths come last in the making but first on the wire: reserve_u16
// leaves the place, fill_length writes it.
class Writer {
 public:
  explicit Writer(Bytes& out) : out_(out) {}

  void u8(uint8_t v) { out_.push_back(v); }
  void u16(uint16_t v) { store_be16(grow(2), v); }
  void u32(uint32_t v) { store_be32(grow(4), v); }
  void u64(uint64_t v) { store_be64(grow(8), v); }
  void zeros(size_t count) { grow(count); }
  void octets(BytesView b) { append(out_, b); }

  size_t position() const { return out_.size(); }
  size_t reserve_u16() {
    grow(2);
    return out_.size() - 2;
  }
  // Writes into `place` the octets from `start` to here. A structure of ours above 65535 octets is a bug.
  void fill_length(size_t place, size_t start) {
    size_t length = out_.size() - start;
    CHECK(length <= UINT16_MAX);
    store_be16(out_.data() + place, static_cast<uint16_t>(length));
  }

 private:
  uint8_t* grow(size_t count) {
    out_.resize(out_.size() + count);
    return out_.data() + out_.size() - count;
  }
  Bytes& out_;
};

}  // namespace hawser::wire
