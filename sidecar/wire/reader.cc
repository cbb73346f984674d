#include "sidecar/wire/reader.h"

namespace hawser::wire {

BytesView Reader::take(size_t count) {
  if (!ok()) return {};
  if (count > rest_.size()) {
    fail("ends after " + std::to_string(rest_.size()) + " of " + std::to_string(count) + " octets");
    return {};
  }
  BytesView out = rest_.first(count);
  rest_ = rest_.subspan(count);
  return out;
}

void Reader::fail(std::string text) {
  if (ok()) error_ = std::move(text);
}

Error Reader::error() const {
  CHECK(!ok());
  return {ErrorCode::InvalidArgument, std::string(what_) + ": " + error_};
}

Result<void> Reader::finish() {
  if (!rest_.empty()) fail(std::to_string(rest_.size()) + " octets are left over");
  if (!ok()) return error();
  return {};
}

}  // namespace hawser::wire
