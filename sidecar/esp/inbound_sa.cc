#include "sidecar/esp/inbound_sa.h"

#include "sidecar/esp/inner_header.h"
#include "sidecar/esp/layout.h"

namespace hawser::esp {
namespace {

// What was decrypted: inner packet, TFC padding, 1 2 3 ..., pad length, next header.
Outcome<MutableBytesView, OpenError> inner_packet(MutableBytesView text) {
  uint8_t next_header = text.back();
  size_t padding = text[text.size() - kTrailerSize];
  if (padding + kTrailerSize > text.size()) return OpenError::Malformed;
  MutableBytesView payload = text.first(text.size() - kTrailerSize - padding);
  // RFC 4303 2.4: the receiver should look at the padding; none of our ciphers prescribes another one.
  for (size_t i = 0; i < padding; ++i)
    if (text[payload.size() + i] != i + 1) return OpenError::Malformed;
  if (next_header == kNextHeaderDummy) return OpenError::Dummy;
  auto header = InnerHeader::parse(payload);
  if (!header) return OpenError::Malformed;
  if (next_header != (header->version == IpVersion::V4 ? kNextHeaderIpv4 : kNextHeaderIpv6))
    return OpenError::Malformed;
  return payload.first(header->total_length);
}

}  // namespace

Result<InboundSa> InboundSa::create(const crypto::Context& context, const sa::ChildSuite& suite,
                                    const sa::ChildKeys& keys, sa::Spi spi) {
  ASSIGN_OR_RETURN(auto transform, crypto::Transform::create(context, *suite.encryption, suite.integrity,
                                                             keys.encryption.view(), keys.integrity.view()));
  return InboundSa(std::move(transform), spi);
}

Outcome<MutableBytesView, OpenError> InboundSa::open(MutableBytesView packet) {
  size_t fixed = kHeaderSize + transform_->iv_size() + transform_->icv_size();
  if (packet.size() < fixed + kTrailerSize || load_be32(packet.data()) != spi_.value)
    return OpenError::Malformed;
  uint32_t sequence = load_be32(packet.data() + 4);
  if (!window_.check(sequence)) return OpenError::Replay;
  auto opened = transform_->open(packet.first(kHeaderSize), packet.subspan(kHeaderSize));
  if (!opened) return opened.error().code == ErrorCode::Corrupt ? OpenError::Integrity : OpenError::Malformed;
  window_.advance(sequence);
  ++authentic_packets_;
  auto inner = inner_packet(packet.subspan(kHeaderSize + transform_->iv_size(), packet.size() - fixed));
  if (inner) octets_ += inner->size();
  return inner;
}

}  // namespace hawser::esp
