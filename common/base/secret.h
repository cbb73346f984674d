#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/bytes.h"

namespace hawser {

// Overwrites memory in a way the compiler may not drop.
void wipe(MutableBytesView memory);
// True when equal; the time depends on the lengths only.
bool equal_constant_time(BytesView a, BytesView b);

// Key material. Wipes itself when it dies or is moved from; has no stream operator, no formatter and no
// implicit copy, so that it cannot slip into a log, a status or a metric. Copies are spelled clone().
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(size_t size) : data_(size) {}
  explicit SecretBytes(BytesView bytes) : data_(bytes.begin(), bytes.end()) {}
  ~SecretBytes() { clear(); }
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  SecretBytes(SecretBytes&& other) noexcept : data_(std::move(other.data_)) { other.data_.clear(); }
  SecretBytes& operator=(SecretBytes&& other) noexcept;

  SecretBytes clone() const { return SecretBytes(view()); }
  void clear();

  // Views live as long as this object is neither changed nor destroyed.
  BytesView view() const { return data_; }
  MutableBytesView mutable_view() { return data_; }
  size_t size() const { return data_.size(); }
  bool empty() const { return data_.empty(); }
  // Compares in constant time.
  friend bool operator==(const SecretBytes& a, const SecretBytes& b) {
    return equal_constant_time(a.view(), b.view());
  }

 private:
  Bytes data_;
};

}  // namespace hawser
