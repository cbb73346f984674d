#include "sidecar/ike/config.h"

#include <algorithm>

namespace hawser::ike {

Identity Identity::of(const IpAddress& address) {
  auto octets = address.octets();
  return {address.is_v4() ? IdType::Ipv4Addr : IdType::Ipv6Addr, Bytes(octets.begin(), octets.end())};
}

Identity Identity::parse(std::string_view text) {
  if (auto address = IpAddress::parse(text)) return of(*address);
  auto octets = as_bytes(text);
  bool mail = text.find('@') != std::string_view::npos;
  return {mail ? IdType::Rfc822Addr : IdType::Fqdn, Bytes(octets.begin(), octets.end())};
}

namespace {

// No longer than the longest that can be configured.
constexpr size_t kShownIdentity = 255;

std::string in_hex(BytesView data) {
  const bool all = 2 * data.size() <= kShownIdentity;
  return "0x" + to_hex(all ? data : data.first(kShownIdentity / 2)) + (all ? "" : "…");
}

}  // namespace

std::string Identity::to_string() const {
  if (type == IdType::Ipv4Addr || type == IdType::Ipv6Addr) {
    if (auto address = IpAddress::from_octets(data)) return address->to_string();
    return in_hex(data);
  }
  // The octets are the peer's: what is not printable must not reach a terminal or a log line.
  bool printable = !data.empty() && data.size() <= kShownIdentity &&
                   std::ranges::all_of(data, [](uint8_t c) { return c > 0x20 && c < 0x7f; });
  if (printable && (type == IdType::Fqdn || type == IdType::Rfc822Addr)) return {data.begin(), data.end()};
  return in_hex(data);
}

PeerConfig PeerConfig::clone() const {
  PeerConfig out;
  out.name = name;
  out.local_address = local_address;
  out.remote_address = remote_address;
  out.local_identity = local_identity;
  out.remote_identity = remote_identity;
  out.shared_key = shared_key.clone();
  out.ike_suite = ike_suite;
  out.child_suite = child_suite;
  out.mode = mode;
  out.ipv6_selectors = ipv6_selectors;
  out.ike_lifetime = ike_lifetime;
  out.child_lifetime = child_lifetime;
  out.child_bytes = child_bytes;
  out.dpd_timeout = dpd_timeout;
  return out;
}

}  // namespace hawser::ike
