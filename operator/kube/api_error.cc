#include "operator/kube/api_error.h"

#include <algorithm>
#include <charconv>

#include "operator/kube/api_client.h"
#include "operator/kube/json_text.h"

namespace hawser::kube {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& object, const char* key) {
  auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

std::optional<Duration> seconds(int64_t count) {
  constexpr int64_t kDay = 86400;
  if (count < 0) return std::nullopt;
  return std::chrono::seconds(std::min(count, kDay));
}

// Seconds only: the server never sends a date.
std::optional<Duration> retry_after_header(const HttpResponse& answer) {
  auto it = answer.headers.find("retry-after");
  if (it == answer.headers.end()) return std::nullopt;
  int64_t count = -1;
  const char* end = it->second.data() + it->second.size();
  auto [stopped, failure] = std::from_chars(it->second.data(), end, count);
  if (failure != std::errc() || stopped != end) return std::nullopt;
  return seconds(count);
}

std::string cut(const std::string& body) {
  constexpr size_t kShown = 200;
  std::string out = body.substr(0, kShown);
  std::ranges::replace_if(
      out, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, ' ');
  return out + (body.size() > kShown ? "..." : "");
}

void escape(std::string_view text, std::string_view kept, std::string& out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                            c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved || kept.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += {'%', kHex[octet >> 4], kHex[octet & 0xf]};
    }
  }
}

}  // namespace

ApiError error_from_status(const Json& status) {
  ApiError error;
  if (!status.is_object()) {
    error.message = "the server sent an error that is no Status";
    return error;
  }
  if (auto code = status.find("code"); code != status.end() && code->is_number_integer())
    error.code = code->get<int>();
  error.reason = text_of(status, "reason");
  error.message = text_of(status, "message");
  auto details = status.find("details");
  if (details == status.end() || !details->is_object()) return error;
  if (auto wait = details->find("retryAfterSeconds"); wait != details->end() && wait->is_number_integer())
    if (wait->get<int64_t>() > 0) error.retry_after = seconds(wait->get<int64_t>());
  auto causes = details->find("causes");
  if (causes == details->end() || !causes->is_array()) return error;
  for (const Json& cause : *causes)
    if (cause.is_object())
      error.causes.push_back({text_of(cause, "reason"), text_of(cause, "field"), text_of(cause, "message")});
  return error;
}

ApiError error_from_answer(const std::string& what, const HttpResponse& answer) {
  ApiError error;
  const Json body = parse_answer(answer.body);
  if (body.is_object() && text_of(body, "kind") == "Status") {
    error = error_from_status(body);
  } else {
    error.message = cut(answer.body);
  }
  // What HTTP says decides: a Status may lack its code.
  error.code = answer.status;
  if (error.message.empty()) error.message = "HTTP " + std::to_string(answer.status);
  error.message = what + ": " + error.message;
  if (auto wait = retry_after_header(answer)) error.retry_after = wait;
  return error;
}

ApiError error_without_answer(const std::string& what, const std::string& reason, const std::string& why) {
  ApiError error;
  error.reason = reason;
  error.message = what + ": " + why;
  return error;
}

bool is_expired(const ApiError& error) {
  return error.code == 410 || error.reason == "Expired" || error.reason == "Gone";
}

bool is_too_large(const ApiError& error) {
  return std::ranges::any_of(
      error.causes, [](const ApiError::Cause& cause) { return cause.reason == "ResourceVersionTooLarge"; });
}

std::vector<std::string> warning_texts(const std::string& header) {
  std::vector<std::string> texts;
  std::string text;
  bool quoted = false;
  bool taken = false;  // of this warning; a date in quotes may follow its text
  for (size_t i = 0; i < header.size(); ++i) {
    const char c = header[i];
    if (c == '"') {
      if (quoted && !taken) texts.push_back(text);
      taken = taken || quoted;
      text.clear();
      quoted = !quoted;
    } else if (quoted) {
      text += c == '\\' && i + 1 < header.size() ? header[++i] : c;
    } else if (c == ',') {
      taken = false;
    }
  }
  return texts;
}

std::string escaped_target(const ApiRequest& request) {
  std::string out;
  escape(request.path, "/:@!$&'()*+,;=", out);
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    out += separator;
    separator = '&';
    escape(name, "", out);
    out += '=';
    escape(value, "", out);
  }
  return out;
}

}  // namespace hawser::kube
