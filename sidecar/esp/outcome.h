#pragma once

#include <variant>

#include "common/base/check.h"

namespace hawser::esp {

// A value or a code: Result for a path that handles a packet, where an error text would be an allocation.
template <typename T, typename Code>
class [[nodiscard]] Outcome {
 public:
  Outcome(T value) : state_(std::in_place_index<0>, value) {}   // NOLINT(google-explicit-constructor)
  Outcome(Code code) : state_(std::in_place_index<1>, code) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  // REQUIRES: has_value().
  const T& operator*() const {
    CHECK(has_value());
    return std::get<0>(state_);
  }
  const T* operator->() const { return &**this; }
  // REQUIRES: !has_value().
  Code error() const {
    CHECK(!has_value());
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Code> state_;
};

}  // namespace hawser::esp
