#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "operator/api/codec.h"

namespace hawser::api {
namespace {

using Json = nlohmann::ordered_json;

// Text that every YAML reader, of 1.1 too, takes for the same text without quotes.
bool plain_is_safe(const std::string& text) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.size() < 2 || !letter(text.front())) return false;
  for (char c : text)
    if (!letter(c) && !(c >= '0' && c <= '9') && c != '.' && c != '/' && c != '-' && c != '_') return false;
  std::string lower = text;
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const char* word : {"true", "false", "yes", "no", "on", "off", "null", "inf", "nan"})
    if (lower == word) return false;
  return true;
}

// Characters that JSON lets stand but YAML does not, or takes for a line break: U+007F to U+009F, U+2028,
// U+2029, U+FEFF, U+FFFE, U+FFFF. `text` is UTF-8 in double quotes.
std::string escape_unprintable(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto octet = [&](size_t k) { return k < text.size() ? static_cast<unsigned char>(text[k]) : 0U; };
    const unsigned two = (octet(i) & 0x1fU) << 6 | (octet(i + 1) & 0x3fU);
    const unsigned three = (octet(i) & 0xfU) << 12 | (octet(i + 1) & 0x3fU) << 6 | (octet(i + 2) & 0x3fU);
    char escaped[8] = {};
    if (octet(i) == 0x7f) {
      out += "\\u007f";
    } else if (octet(i) == 0xc2 && two < 0xa0) {
      std::snprintf(escaped, sizeof escaped, "\\u%04x", two);
      i += 1;
    } else if ((octet(i) & 0xf0U) == 0xe0 &&
               (three == 0x2028 || three == 0x2029 || three == 0xfeff || three >= 0xfffe)) {
      std::snprintf(escaped, sizeof escaped, "\\u%04x", three);
      i += 2;
    } else {
      out += text[i];
    }
    out += escaped;
  }
  return out;
}

std::string scalar(const Json& json) {
  if (json.is_string()) {
    const auto& text = json.get_ref<const std::string&>();
    if (plain_is_safe(text)) return text;
  }
  // JSON's scalars are YAML's; text from outside may not be UTF-8.
  return escape_unprintable(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

bool is_block(const Json& json) { return (json.is_object() || json.is_array()) && !json.empty(); }

void write(const Json& json, size_t indent, bool in_list, std::string& out);

void write_value(const Json& value, size_t indent, std::string& out) {
  if (!is_block(value)) {
    out += " " + scalar(value) + "\n";
    return;
  }
  out += "\n";
  write(value, indent, false, out);
}

// `in_list`: the first line already has its indentation, after "- ".
void write(const Json& json, size_t indent, bool in_list, std::string& out) {
  bool first = in_list;
  for (auto it = json.begin(); it != json.end(); ++it) {
    if (!first) out += std::string(indent, ' ');
    first = false;
    if (json.is_object()) {
      out += scalar(Json(it.key())) + ":";
      write_value(it.value(), it.value().is_array() ? indent : indent + 2, out);
    } else if (is_block(*it)) {
      out += "- ";
      write(*it, indent + 2, true, out);
    } else {
      out += "- " + scalar(*it) + "\n";
    }
  }
}

}  // namespace

std::string to_yaml(const Json& json) {
  if (!is_block(json)) return scalar(json) + "\n";
  std::string out;
  write(json, 0, false, out);
  return out;
}

}  // namespace hawser::api
