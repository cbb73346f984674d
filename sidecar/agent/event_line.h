#pragma once

#include <optional>
#include <string>

#include "sidecar/ike/event.h"

namespace hawser::agent {

enum class LogLevel : uint8_t { Debug, Info, Warning };

struct LogLine {
  LogLevel level = LogLevel::Info;
  std::string text;
};

// One line for an event of the engine; nothing for those that carry keys. Pure.
std::optional<LogLine> describe(const ike::Event& event);

}  // namespace hawser::agent
