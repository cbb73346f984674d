#pragma once

#include <cstdlib>
#include <functional>
#include <optional>
#include <string>

namespace hawser {

// The value of a variable of the environment; nullopt: it is not set. A parameter wherever the environment
// decides something, so that tests give their own.
using Environment = std::function<std::optional<std::string>(const char*)>;

// Of this process. Safe as long as no thread changes it, which none of ours does.
inline std::optional<std::string> process_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace hawser
