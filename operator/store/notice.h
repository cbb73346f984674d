#pragma once

#include <cstdint>
#include <string>

namespace hawser::store {

// Something a person should read in the log. Stores return notices instead of logging.
struct Notice {
  enum class Level : uint8_t { Info, Warning, Error };
  Level level = Level::Info;
  std::string text;
  friend bool operator==(const Notice&, const Notice&) = default;
};

}  // namespace hawser::store
