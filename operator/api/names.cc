#include "operator/api/names.h"

#include <algorithm>

namespace hawser::api {
namespace {

bool lower_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool alphanumeric(char c) { return lower_alphanumeric(c) || (c >= 'A' && c <= 'Z'); }
bool data_character(char c) { return alphanumeric(c) || c == '-' || c == '_' || c == '.'; }
bool shorter(std::string_view text, int64_t limit) { return text.size() <= static_cast<size_t>(limit); }

}  // namespace

bool is_dns_label(std::string_view text) {
  return !text.empty() && lower_alphanumeric(text.front()) && lower_alphanumeric(text.back()) &&
         std::ranges::all_of(text, [](char c) { return lower_alphanumeric(c) || c == '-'; });
}

bool is_object_name(std::string_view text) {
  if (!shorter(text, kMaxName)) return false;
  for (;;) {
    const size_t dot = text.find('.');
    if (!is_dns_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_data_key(std::string_view text) {
  return !text.empty() && shorter(text, kMaxName) && std::ranges::all_of(text, data_character) &&
         text != "." && !text.starts_with("..");
}

bool is_label_value(std::string_view text) {
  return text.empty() || (shorter(text, kMaxLabel) && alphanumeric(text.front()) &&
                          alphanumeric(text.back()) && std::ranges::all_of(text, data_character));
}

bool is_label_key(std::string_view text) {
  if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
    if (!is_object_name(text.substr(0, slash))) return false;
    text.remove_prefix(slash + 1);
  }
  return !text.empty() && is_label_value(text);
}

int64_t characters(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; });
}

}  // namespace hawser::api
