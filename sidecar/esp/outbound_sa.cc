#include "sidecar/esp/outbound_sa.h"

#include <cstring>

#include "sidecar/esp/layout.h"

namespace hawser::esp {

Result<OutboundSa> OutboundSa::create(const crypto::Context& context, const sa::ChildSuite& suite,
                                      const sa::ChildKeys& keys, sa::Spi spi) {
  ASSIGN_OR_RETURN(auto transform, crypto::Transform::create(context, *suite.encryption, suite.integrity,
                                                             keys.encryption.view(), keys.integrity.view()));
  return OutboundSa(std::move(transform), spi);
}

size_t OutboundSa::sealed_size(size_t inner_size) const {
  return inner_offset() + inner_size + padding_after(inner_size, transform_->block_size()) + kTrailerSize +
         transform_->icv_size();
}

size_t OutboundSa::max_inner_size(size_t sealed_size) const {
  size_t fixed = inner_offset() + transform_->icv_size();
  if (sealed_size < fixed) return 0;
  size_t unit = std::max<size_t>(transform_->block_size(), 4);
  size_t text = (sealed_size - fixed) / unit * unit;
  return text > kTrailerSize ? text - kTrailerSize : 0;
}

size_t OutboundSa::inner_offset() const { return kHeaderSize + transform_->iv_size(); }

Outcome<MutableBytesView, SealError> OutboundSa::seal(BytesView inner, MutableBytesView out, Random& random) {
  int version = inner.empty() ? 0 : inner[0] >> 4;
  if (version != 4 && version != 6) return SealError::Malformed;
  size_t size = sealed_size(inner.size());
  if (out.size() < size) return SealError::NoRoom;
  if (sequence_ == UINT32_MAX) return SealError::SequenceOverflow;
  ++sequence_;
  octets_ += inner.size();

  uint8_t* text = out.data() + inner_offset();
  std::memmove(text, inner.data(), inner.size());
  size_t padding = padding_after(inner.size(), transform_->block_size());
  uint8_t* trailer = text + inner.size();
  for (size_t i = 1; i <= padding; ++i) *trailer++ = static_cast<uint8_t>(i);
  *trailer++ = static_cast<uint8_t>(padding);
  *trailer = version == 4 ? kNextHeaderIpv4 : kNextHeaderIpv6;

  store_be32(out.data(), spi_.value);
  store_be32(out.data() + 4, sequence_);
  MutableBytesView packet = out.first(size);
  // The sequence number never repeats under one key, hence neither does the GCM nonce made of it (RFC
  // 4106 3.1).
  transform_->seal(packet.first(kHeaderSize), packet.subspan(kHeaderSize), sequence_, random);
  return packet;
}

void OutboundSa::skip_to(uint32_t sequence) {
  CHECK(sequence >= sequence_);
  sequence_ = sequence;
}

}  // namespace hawser::esp
