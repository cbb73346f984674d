#include "operator/app/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <nlohmann/json.hpp>

#include "common/base/clock.h"

namespace hawser::app {
namespace {

constexpr const char* kNames[] = {"debug", "info", "warning", "error"};
constexpr const char* name(LogLevel level) { return kNames[static_cast<size_t>(level)]; }

}  // namespace

Result<LogLevel> parse_log_level(const std::string& text) {
  for (LogLevel level : {LogLevel::Debug, LogLevel::Info, LogLevel::Warning, LogLevel::Error})
    if (text == name(level)) return level;
  return Error{ErrorCode::InvalidArgument, "--log-level '" + text + "': use debug, info, warning or error"};
}

Result<LogFormat> parse_log_format(const std::string& text) {
  if (text == "text") return LogFormat::Text;
  if (text == "json") return LogFormat::Json;
  return Error{ErrorCode::InvalidArgument, "--log-format '" + text + "': use text or json"};
}

std::string format_line(LogFormat format, LogLevel level, std::string_view time, std::string_view message) {
  constexpr auto kReplace = nlohmann::ordered_json::error_handler_t::replace;
  if (format == LogFormat::Json) {
    nlohmann::ordered_json line;
    line["ts"] = time;
    line["level"] = name(level);
    line["msg"] = message;
    return line.dump(-1, ' ', false, kReplace);
  }
  // The JSON text of a string without its quotes: control characters escaped, broken UTF-8 replaced.
  std::string safe = nlohmann::ordered_json(message).dump(-1, ' ', false, kReplace);
  std::string plain;
  for (size_t i = 1; i + 1 < safe.size(); ++i) {
    if (safe[i] == '\\' && (safe[i + 1] == '"' || safe[i + 1] == '\\')) ++i;
    plain += safe[i];
  }
  std::string line = std::string(time) + " " + name(level);
  line.resize(std::string(time).size() + 9, ' ');
  return line + plain;
}

struct Log::Impl {
  LogLevel level;
  LogFormat format;
  SystemClock clock;
  std::unique_ptr<spdlog::logger> logger;
};

Log::Log(LogLevel level, LogFormat format) : impl_(std::make_unique<Impl>()) {
  impl_->level = level;
  impl_->format = format;
  impl_->logger =
      std::make_unique<spdlog::logger>("hawser", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  impl_->logger->set_pattern("%v");
  impl_->logger->set_level(spdlog::level::trace);
}
Log::~Log() = default;

void Log::write(LogLevel level, std::string_view message) const {
  if (level < impl_->level) return;
  const std::string line =
      format_line(impl_->format, level, format_rfc3339(impl_->clock.wall_now()), message);
  impl_->logger->log(spdlog::level::info, spdlog::string_view_t(line));
}

}  // namespace hawser::app
