#include "common/base/secret.h"

#include <cstring>

namespace hawser {

void wipe(MutableBytesView memory) {
  if (!memory.empty()) explicit_bzero(memory.data(), memory.size());
}

bool equal_constant_time(BytesView a, BytesView b) {
  if (a.size() != b.size()) return false;
  volatile uint8_t difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference = difference | (a[i] ^ b[i]);
  return difference == 0;
}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    clear();
    data_ = std::move(other.data_);
    other.data_.clear();
  }
  return *this;
}

void SecretBytes::clear() {
  wipe(data_);
  data_.clear();
}

}  // namespace hawser
