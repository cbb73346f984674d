#include "operator/api/text.h"

#include <algorithm>
#include <vector>

namespace hawser::api {
namespace {

constexpr size_t kShownOctets = 64;
// Longer texts are no typing errors of a field name, and the distance costs the product of the lengths.
constexpr size_t kMaxCompared = 48;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Optimal string alignment distance, so that two swapped letters count once.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
      const bool swapped =
          i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string in_quotes(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "'";
  for (char c : text.substr(0, kShownOctets)) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet >= 0x20 && octet != 0x7f) {
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += {'\\', 'x', kHex[octet >> 4], kHex[octet & 15]};
    }
  }
  // Do not end inside a multi-octet character.
  if (text.size() > kShownOctets) {
    while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0x80) != 0) out.pop_back();
    out += "…";
  }
  return out + "'";
}

std::string joined(std::span<const std::string_view> names) {
  std::string out;
  for (auto name : names) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

std::string did_you_mean(std::string_view text, std::span<const std::string_view> names) {
  if (text.empty() || text.size() > kMaxCompared) return "";
  const std::string_view* best = nullptr;
  size_t best_distance = 0;
  for (const auto& name : names) {
    const size_t d = distance(text, name);
    if (best != nullptr && d >= best_distance) continue;
    best = &name;
    best_distance = d;
  }
  if (best == nullptr || best_distance > std::max<size_t>(1, text.size() / 3)) return "";
  return " (did you mean " + in_quotes(*best) + "?)";
}

}  // namespace hawser::api
