#include <string>

#include "sidecar/wire/payloads/payloads.h"

// Traffic Selector (RFC 7296 3.13).
//
//   TSi, TSr    | count | 0 (3) | selectors |
//   selector    | type | protocol | length (2) | first port (2) | last port (2) | first address | last
//   address |
//                 type 7: IPv4, length 16.  type 8: IPv6, length 40
namespace hawser::wire {
namespace {

constexpr uint8_t kIpv4Range = 7;
constexpr uint8_t kIpv6Range = 8;
constexpr size_t kSelectorHeader = 4;
constexpr uint16_t kMaxPort = UINT16_MAX;

IpAddress take_address(Reader& in, size_t size) {
  auto address = IpAddress::from_octets(in.take(size));
  return address ? *address : IpAddress();  // on a short read the reader has already failed
}

void decode_range(Reader& in, sa::TrafficSelector& out, size_t address_size) {
  out.first_port = in.u16();
  out.last_port = in.u16();
  out.first = take_address(in, address_size);
  out.last = take_address(in, address_size);
  if (!in.ok()) return;
  if (out.first > out.last) in.fail("the range " + out.to_string() + " runs backwards");
  // 65535 to 0 is OPAQUE, the one range that may run backwards (RFC 7296 3.13.1, RFC 4301 4.4.1.1).
  bool opaque = out.first_port == kMaxPort && out.last_port == 0;
  if (out.first_port > out.last_port && !opaque)
    in.fail("the ports of " + out.to_string() + " run backwards");
  if (out.protocol == 0 && (out.first_port != 0 || out.last_port != kMaxPort))
    in.fail("ports without a protocol in " + out.to_string());
}

void decode_selector(Reader& in, sa::TrafficSelectors& out) {
  uint8_t type = in.u8();
  sa::TrafficSelector selector;
  selector.protocol = in.u8();
  size_t length = in.u16();
  if (in.ok() && length < kSelectorHeader)
    in.fail("selector length " + std::to_string(length) + " is below 4");
  Reader body(in.take(length < kSelectorHeader ? 0 : length - kSelectorHeader), "selector");
  if (!in.ok() || (type != kIpv4Range && type != kIpv6Range)) return;
  decode_range(body, selector, type == kIpv4Range ? 4 : 16);
  if (auto done = body.finish(); !done) in.fail(done.error().message);
  out.push_back(selector);
}

void encode_selector(Writer& out, const sa::TrafficSelector& selector) {
  CHECK(selector.first.version() == selector.last.version());
  size_t start = out.position();
  out.u8(selector.first.is_v4() ? kIpv4Range : kIpv6Range);
  out.u8(selector.protocol);
  size_t length = out.reserve_u16();
  out.u16(selector.first_port);
  out.u16(selector.last_port);
  out.octets(selector.first.octets());
  out.octets(selector.last.octets());
  out.fill_length(length, start);
}

}  // namespace

TsPayload decode_ts(Reader& in, bool initiator) {
  TsPayload out;
  out.initiator = initiator;
  size_t count = in.u8();
  in.skip(3);
  if (in.ok() && count == 0) in.fail("no selector");
  for (size_t i = 0; i < count && in.ok(); ++i) decode_selector(in, out.selectors);
  return out;
}

void encode(Writer& out, const TsPayload& payload) {
  CHECK(payload.selectors.size() <= UINT8_MAX);
  out.u8(static_cast<uint8_t>(payload.selectors.size()));
  out.zeros(3);
  for (const auto& selector : payload.selectors) encode_selector(out, selector);
}

}  // namespace hawser::wire
