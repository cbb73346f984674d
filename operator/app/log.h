#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace hawser::app {

enum class LogLevel : uint8_t { Debug, Info, Warning, Error };
enum class LogFormat : uint8_t { Text, Json };
Result<LogLevel> parse_log_level(const std::string& text);
Result<LogFormat> parse_log_format(const std::string& text);

// One line a message on standard error. Safe to call from any thread. What peers and files say is escaped: a
// message stays one line and valid UTF-8.
class Log {
 public:
  Log(LogLevel level, LogFormat format);
  ~Log();
  void write(LogLevel level, std::string_view message) const;
  void debug(std::string_view message) const { write(LogLevel::Debug, message); }
  void info(std::string_view message) const { write(LogLevel::Info, message); }
  void warning(std::string_view message) const { write(LogLevel::Warning, message); }
  void error(std::string_view message) const { write(LogLevel::Error, message); }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// "[2026-11-23T19:53:59Z] …" and {"ts":…}: the line without its end.
std::string format_line(LogFormat format, LogLevel level, std::string_view time, std::string_view message);

}  // namespace hawser::app
