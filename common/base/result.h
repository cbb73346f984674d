#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "common/base/check.h"

namespace hawser {

// Class of an error, for code that has to branch. The text is for humans; never branch on it.
enum class ErrorCode {
  InvalidArgument,  // outside input breaks its own format or range
  NotFound,
  AlreadyExists,
  PermissionDenied,
  Unavailable,  // may work later: a peer, a socket, a file that is not there yet
  Unsupported,  // well-formed, but this build or this system cannot do it
  Corrupt,      // authentication or integrity check failed
  Internal,     // a library or the kernel refused what should have worked
};

// What went wrong with input from outside: a closed code, and one sentence that names the object, what is
// allowed and what to do.
struct Error {
  ErrorCode code = ErrorCode::Internal;
  std::string message;
};

// A value or an Error; member names follow std::expected so that it can become an alias of it.
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  // REQUIRES: has_value().
  T& value() & {
    CHECK(has_value());
    return std::get<0>(state_);
  }
  const T& value() const& {
    CHECK(has_value());
    return std::get<0>(state_);
  }
  T&& value() && {
    CHECK(has_value());
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // REQUIRES: !has_value().
  const Error& error() const {
    CHECK(!has_value());
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  const Error& error() const {
    CHECK(error_.has_value());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace hawser

#define HAWSER_CONCAT_INNER(a, b) a##b
#define HAWSER_CONCAT(a, b) HAWSER_CONCAT_INNER(a, b)

// Returns the error of `expression` from the enclosing function, if it has one.
#define RETURN_IF_ERROR(expression)                   \
  do {                                                \
    auto hawser_status = (expression);                \
    if (!hawser_status) return hawser_status.error(); \
  } while (false)

// ASSIGN_OR_RETURN(auto x, parse(bytes)); declares x, or returns the error.
#define ASSIGN_OR_RETURN(lhs, expression) \
  ASSIGN_OR_RETURN_INNER(HAWSER_CONCAT(hawser_result_, __LINE__), lhs, expression)
#define ASSIGN_OR_RETURN_INNER(result, lhs, expression) \
  auto result = (expression);                           \
  if (!result) return result.error();                   \
  lhs = std::move(result).value()
