#include "common/base/base64.h"

namespace hawser {
namespace {

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

}  // namespace

std::string encode_base64(BytesView bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (i + k < bytes.size() ? bytes[i + k] : 0U);
    for (size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? kDigits[group >> (18 - 6 * k) & 0x3f] : '=';
  }
  return out;
}

bool decode_base64(std::string_view text, SecretBytes& out) {
  SecretBytes buffer(text.size() / 4 * 3 + 3);
  uint32_t group = 0;
  size_t digits = 0;
  size_t padding = 0;
  size_t size = 0;
  for (char c : text) {
    if (c == '\n' || c == '\r') continue;
    const int value = c == '=' ? 0 : base64_value(c);
    if (value < 0 || (padding > 0 && c != '=')) return false;
    if (c == '=' && (++padding > 2 || digits % 4 < 2)) return false;
    group = group << 6 | static_cast<uint32_t>(value);
    if (++digits % 4 != 0) continue;
    for (int shift = 16; shift >= 0; shift -= 8)
      buffer.mutable_view()[size++] = static_cast<uint8_t>(group >> shift);
    group = 0;
  }
  if (digits % 4 != 0) return false;
  out = SecretBytes(buffer.view().first(size - padding));
  return true;
}

}  // namespace hawser
