#include "sidecar/agent/logging.h"

#include <grpc/support/log.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>

namespace hawser::agent {
namespace {

// The message as the inside of a JSON string; also what keeps a text line one line.
class EscapedMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    static constexpr std::string_view kHex = "0123456789abcdef";
    for (const char c : message.payload) {
      const auto octet = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') out.push_back('\\');
      if (octet >= 0x20 && octet < 0x7f) {
        out.push_back(c);
        continue;
      }
      for (const char u : {'\\', 'u', '0', '0', kHex[octet >> 4], kHex[octet & 15]}) out.push_back(u);
    }
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<EscapedMessage>(); }
};

// As text: quotes stay readable, control characters do not pass.
class PlainMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    for (const char c : message.payload)
      out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<PlainMessage>(); }
};

// It writes one for each connection that fails its handshake: at any other level anybody could fill the log.
void take_grpc_line(gpr_log_func_args* line) { spdlog::debug("gRPC: {}", line->message); }

struct LevelRow {
  std::string_view name;
  spdlog::level::level_enum level;
};
constexpr auto kLevels = std::to_array<LevelRow>({{"debug", spdlog::level::debug},
                                                  {"info", spdlog::level::info},
                                                  {"warning", spdlog::level::warn},
                                                  {"error", spdlog::level::err}});

}  // namespace

Result<void> set_up_logging(const std::string& level, const std::string& format) {
  const LevelRow* chosen = nullptr;
  for (const auto& row : kLevels) {
    if (row.name == level) chosen = &row;
  }
  if (chosen == nullptr) {
    return Error{ErrorCode::InvalidArgument,
                 "--log-level '" + level + "': allowed: debug, info, warning, error"};
  }
  if (format != "text" && format != "json") {
    return Error{ErrorCode::InvalidArgument, "--log-format '" + format + "': allowed: text, json"};
  }
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  if (format == "json") {
    formatter->add_flag<EscapedMessage>('*').set_pattern(
        R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":"%*"})");
  } else {
    formatter->add_flag<PlainMessage>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %*");
  }
  gpr_set_log_function(take_grpc_line);
  auto logger = spdlog::stderr_logger_mt("hawser-sidecar");
  logger->set_formatter(std::move(formatter));
  logger->set_level(chosen->level);
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
  return {};
}

}  // namespace hawser::agent
