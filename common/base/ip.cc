#include "common/base/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace hawser {
namespace {

Error invalid(std::string message) { return {ErrorCode::InvalidArgument, std::move(message)}; }

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

}  // namespace

IpAddress IpAddress::v4(uint32_t host_order) {
  IpAddress out;
  store_be32(out.octets_.data(), host_order);
  return out;
}

IpAddress IpAddress::v6(const std::array<uint8_t, 16>& octets) {
  IpAddress out;
  out.version_ = IpVersion::V6;
  out.octets_ = octets;
  return out;
}

Result<IpAddress> IpAddress::from_octets(BytesView octets) {
  if (octets.size() == 4) return v4(load_be32(octets.data()));
  if (octets.size() != 16) return invalid("an IP address has 4 or 16 octets");
  std::array<uint8_t, 16> copy{};
  std::copy(octets.begin(), octets.end(), copy.begin());
  return v6(copy);
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
  // inet_pton wants a terminated string; 45 is the longest textual IPv6 address.
  char buffer[46] = {};
  if (text.empty() || text.size() > 45 || text.find('\0') != std::string_view::npos)
    return invalid(quoted(text.substr(0, 45)) + " is not an IP address");
  std::memcpy(buffer, text.data(), text.size());
  std::array<uint8_t, 16> octets{};
  if (inet_pton(AF_INET, buffer, octets.data()) == 1) return v4(load_be32(octets.data()));
  if (inet_pton(AF_INET6, buffer, octets.data()) == 1) return v6(octets);
  return invalid(quoted(text) + " is not an IP address");
}

bool IpAddress::is_unspecified() const {
  return std::ranges::all_of(octets(), [](uint8_t b) { return b == 0; });
}

bool IpAddress::is_loopback() const {
  if (is_v4()) return octets_[0] == 127;
  return octets_[15] == 1 &&
         std::all_of(octets_.begin(), octets_.begin() + 15, [](uint8_t b) { return b == 0; });
}

bool IpAddress::is_multicast() const { return is_v4() ? (octets_[0] & 0xf0) == 0xe0 : octets_[0] == 0xff; }

bool IpAddress::is_link_local() const {
  return is_v4() ? octets_[0] == 169 && octets_[1] == 254 : octets_[0] == 0xfe && (octets_[1] & 0xc0) == 0x80;
}

bool IpAddress::is_v4_mapped() const {
  constexpr std::array<uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return !is_v4() && std::equal(kMapped.begin(), kMapped.end(), octets_.begin());
}
bool IpAddress::is_broadcast() const { return is_v4() && load_be32(octets_.data()) == 0xffffffff; }

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(is_v4() ? AF_INET : AF_INET6, octets_.data(), text, sizeof text);
  return text;
}

IpPrefix::IpPrefix(const IpAddress& address, int length) : address_(address), length_(length) {
  CHECK(length >= 0 && length <= address.bits());
  std::array<uint8_t, 16> octets{};
  BytesView source = address.octets();
  for (size_t i = 0; i < source.size(); ++i) {
    int keep = std::clamp(length - static_cast<int>(i) * 8, 0, 8);
    octets[i] = static_cast<uint8_t>(source[i] & (0xff00 >> keep));
  }
  address_ = address.is_v4() ? IpAddress::v4(load_be32(octets.data())) : IpAddress::v6(octets);
}

Result<IpPrefix> IpPrefix::parse(std::string_view text) {
  size_t slash = text.find('/');
  if (slash == std::string_view::npos)
    return invalid(quoted(text.substr(0, 64)) + " is not a CIDR prefix such as '10.61.0.0/16'");
  auto address = IpAddress::parse(text.substr(0, slash));
  std::string_view digits = text.substr(slash + 1);
  int length = -1;
  auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  bool canonical = !digits.empty() && digits.size() <= 3 && (digits.size() == 1 || digits[0] != '0') &&
                   failure == std::errc() && end == digits.data() + digits.size();
  if (!address || !canonical || length < 0 || length > address->bits())
    return invalid(quoted(text.substr(0, 64)) + " is not a CIDR prefix such as '10.61.0.0/16'");
  if (address->is_v4_mapped()) return invalid(quoted(text) + " is IPv4 written as IPv6; write it as IPv4");
  IpPrefix prefix(*address, length);
  if (prefix.address_ != *address)
    return invalid(quoted(text) + " has host bits set; did you mean '" + prefix.to_string() + "'?");
  return prefix;
}

IpPrefix IpPrefix::any(IpVersion version) {
  return version == IpVersion::V4 ? IpPrefix(IpAddress::v4(0), 0) : IpPrefix(IpAddress::v6({}), 0);
}

bool IpPrefix::contains(const IpAddress& address) const {
  return address.version() == version() && IpPrefix(address, length_).address_ == address_;
}

bool IpPrefix::contains(const IpPrefix& other) const {
  return other.length_ >= length_ && contains(other.address_);
}

IpAddress IpPrefix::last() const {
  std::array<uint8_t, 16> octets{};
  BytesView source = address_.octets();
  for (size_t i = 0; i < source.size(); ++i) {
    int keep = std::clamp(length_ - static_cast<int>(i) * 8, 0, 8);
    octets[i] = static_cast<uint8_t>(source[i] | (0xff >> keep));
  }
  return address_.is_v4() ? IpAddress::v4(load_be32(octets.data())) : IpAddress::v6(octets);
}

std::string IpPrefix::to_string() const { return address_.to_string() + "/" + std::to_string(length_); }

std::string SocketAddress::to_string() const {
  std::string host = address.is_v4() ? address.to_string() : "[" + address.to_string() + "]";
  return host + ":" + std::to_string(port);
}

}  // namespace hawser
