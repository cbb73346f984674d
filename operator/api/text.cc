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

size_t utf8_length(std::string_view text, size_t i) {
  auto octet = [&](size_t k) { return k < text.size() ? static_cast<unsigned char>(text[k]) : 0U; };
  auto continuation = [&](size_t k) { return (octet(k) & 0xc0U) == 0x80U; };
  const unsigned a = octet(i);
  const unsigned b = octet(i + 1);
  if (a < 0x80) return 1;
  if (a >= 0xc2 && a <= 0xdf) return continuation(i + 1) ? 2 : 0;
  if (a >= 0xe0 && a <= 0xef) {
    const bool in_range = (a != 0xe0 || b >= 0xa0) && (a != 0xed || b < 0xa0);
    return in_range && continuation(i + 1) && continuation(i + 2) ? 3 : 0;
  }
  if (a >= 0xf0 && a <= 0xf4) {
    const bool in_range = (a != 0xf0 || b >= 0x90) && (a != 0xf4 || b < 0x90);
    return in_range && continuation(i + 1) && continuation(i + 2) && continuation(i + 3) ? 4 : 0;
  }
  return 0;
}

std::string fit(std::string text, int64_t max) {
  int64_t characters = 0;
  bool clean = true;
  size_t last = 0;  // where the last character that may stay begins
  size_t i = 0;
  for (; i < text.size() && characters < max; ++characters) {
    const size_t length = utf8_length(text, i);
    clean = clean && length > 0;
    last = i;
    i += std::max<size_t>(length, 1);
  }
  const bool cut = i < text.size();
  if (clean && !cut) return text;
  std::string out;
  for (size_t k = 0; k < (cut ? last : i);) {
    const size_t length = utf8_length(text, k);
    out += length > 0 ? text.substr(k, length) : "\uFFFD";
    k += std::max<size_t>(length, 1);
  }
  return cut ? out + "…" : out;
}

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

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return lower(c); });
  return out;
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
