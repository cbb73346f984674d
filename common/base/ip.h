#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/result.h"

namespace hawser {

enum class IpVersion : uint8_t { V4 = 4, V6 = 6 };

// An IPv4 or IPv6 address; a value type. The default is 0.0.0.0.
class IpAddress {
 public:
  IpAddress() = default;
  static IpAddress v4(uint32_t host_order);
  static IpAddress v6(const std::array<uint8_t, 16>& octets);
  // 4 or 16 octets in network order; InvalidArgument otherwise.
  static Result<IpAddress> from_octets(BytesView octets);
  // Strict dotted quad (no leading zeros, four parts) or RFC 4291 text; no zone, no port, no brackets.
  static Result<IpAddress> parse(std::string_view text);

  IpVersion version() const { return version_; }
  bool is_v4() const { return version_ == IpVersion::V4; }
  // 4 or 16 octets in network order; the view lives as long as this object.
  BytesView octets() const { return {octets_.data(), is_v4() ? size_t{4} : size_t{16}}; }
  int bits() const { return is_v4() ? 32 : 128; }
  bool is_unspecified() const;
  bool is_loopback() const;
  bool is_multicast() const;
  bool is_link_local() const;
  bool is_broadcast() const;  // 255.255.255.255
  bool is_v4_mapped() const;  // ::ffff:0:0/96
  std::string to_string() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  IpVersion version_ = IpVersion::V4;
  std::array<uint8_t, 16> octets_{};
};

// A CIDR prefix with host bits zero; a value type. The default is 0.0.0.0/0.
class IpPrefix {
 public:
  IpPrefix() = default;
  // Host bits are cleared. REQUIRES: 0 <= length <= address.bits().
  IpPrefix(const IpAddress& address, int length);
  // "10.61.0.0/16". InvalidArgument when malformed, or an IPv4 network written as IPv6 (::ffff:0:0/96); when
  // only host bits are set the message ends "did you mean '10.61.0.0/16'?".
  static Result<IpPrefix> parse(std::string_view text);
  static IpPrefix any(IpVersion version);

  const IpAddress& address() const { return address_; }
  int length() const { return length_; }
  IpVersion version() const { return address_.version(); }
  bool contains(const IpAddress& address) const;
  bool contains(const IpPrefix& other) const;
  bool overlaps(const IpPrefix& other) const { return contains(other) || other.contains(*this); }
  IpAddress first() const { return address_; }
  IpAddress last() const;
  std::string to_string() const;

  friend auto operator<=>(const IpPrefix&, const IpPrefix&) = default;

 private:
  IpAddress address_;
  int length_ = 0;
};

// Address and UDP port.
struct SocketAddress {
  IpAddress address;
  uint16_t port = 0;
  // "192.0.2.1:500", "[2001:db8::1]:500"
  std::string to_string() const;
  friend auto operator<=>(const SocketAddress&, const SocketAddress&) = default;
};

}  // namespace hawser
