#include "sidecar/dataplane/userspace/sa_pair.h"

#include "sidecar/esp/ecn.h"
#include "sidecar/esp/inner_header.h"

namespace hawser::dataplane {
namespace {

constexpr uint32_t kFirstSpi = 256;                    // RFC 4303 2.1
constexpr uint32_t kSoftSequence = uint32_t{1} << 31;  // half of them: time to rekey
constexpr Duration kActivityInterval = std::chrono::seconds(1);

DropReason reason(esp::OpenError error) {
  switch (error) {
    case esp::OpenError::Replay:
      return DropReason::Replay;
    case esp::OpenError::Integrity:
      return DropReason::Integrity;
    case esp::OpenError::Malformed:
    case esp::OpenError::Dummy:
      break;
  }
  return DropReason::Malformed;
}

DropReason reason(esp::SealError error) {
  switch (error) {
    case esp::SealError::NoRoom:
      return DropReason::Mtu;
    case esp::SealError::SequenceOverflow:
      return DropReason::SequenceOverflow;
    case esp::SealError::Malformed:
      break;
  }
  return DropReason::Malformed;
}

uint8_t traffic_class(BytesView packet) {
  return packet[0] >> 4 == 4 ? packet[1] : static_cast<uint8_t>(packet[0] << 4 | packet[1] >> 4);
}

}  // namespace

Result<std::unique_ptr<SaPair>> SaPair::create(const crypto::Context& context, const sa::ChildSaSpec& spec,
                                               const SendPath& path) {
  if (spec.inbound_spi.value < kFirstSpi || spec.outbound_spi.value < kFirstSpi)
    return Error{ErrorCode::InvalidArgument,
                 "an SPI of " + spec.connection + " is reserved: it must be 256 or more"};
  if (spec.suite.encryption == nullptr)
    return Error{ErrorCode::InvalidArgument,
                 "a Child SA of " + spec.connection + " has no encryption algorithm"};
  ASSIGN_OR_RETURN(auto inbound,
                   esp::InboundSa::create(context, spec.suite, spec.inbound_keys, spec.inbound_spi));
  ASSIGN_OR_RETURN(auto outbound,
                   esp::OutboundSa::create(context, spec.suite, spec.outbound_keys, spec.outbound_spi));
  return std::unique_ptr<SaPair>(new SaPair(spec, path, std::move(inbound), std::move(outbound)));
}

SaPair::SaPair(const sa::ChildSaSpec& spec, const SendPath& send_path, esp::InboundSa inbound,
               esp::OutboundSa outbound)
    : filter{.local = AddressFilter(std::span<const sa::TrafficSelector>(spec.local_selectors)),
             .remote = AddressFilter(std::span<const sa::TrafficSelector>(spec.remote_selectors))},
      path(send_path),
      inbound_lifetime(spec.soft_bytes, spec.hard_bytes),
      outbound_lifetime(spec.soft_bytes, spec.hard_bytes),
      inbound_(std::move(inbound)),
      outbound_(std::move(outbound)),
      encapsulation_(spec.encapsulation) {}

SaPair::Opened SaPair::open(MutableBytesView esp, uint8_t outer_tos) {
  Opened out;
  if (expired()) {
    out.drop = DropReason::Expired;
    return out;
  }
  uint64_t before = inbound_.authentic_packets();
  auto inner = inbound_.open(esp);
  out.authentic = inbound_.authentic_packets() != before;
  if (inner) {
    if (esp::ecn_decapsulate_packet(*inner, outer_tos))
      out.inner = *inner;
    else
      out.drop = DropReason::Ecn;
  } else if (inner.error() != esp::OpenError::Dummy) {
    out.drop = reason(inner.error());
  }
  return out;
}

SaPair::Sealed SaPair::seal(MutableBytesView slot, size_t inner_size, Random& random) {
  Sealed out;
  BytesView inner = slot.subspan(inner_offset(), inner_size);
  out.outer_tos = esp::ecn_encapsulate(traffic_class(inner));
  auto sealed = outbound_.seal(inner, slot, random);
  if (sealed) {
    out.packet = *sealed;
  } else {
    out.drop = reason(sealed.error());
    sequence_exhausted_ = sealed.error() == esp::SealError::SequenceOverflow;
  }
  return out;
}

bool SaPair::first_inbound_due() { return !std::exchange(first_inbound_reported_, true); }

bool SaPair::soft_lifetime_due() {
  bool reached = inbound_lifetime.soft_reached() || outbound_lifetime.soft_reached() ||
                 outbound_.sequence() >= kSoftSequence || inbound_.window().highest() >= kSoftSequence;
  return reached && !std::exchange(soft_reported_, true);
}

bool SaPair::hard_lifetime_due() {
  bool reached = expired() || sequence_exhausted_;
  return reached && !std::exchange(hard_reported_, true);
}

bool SaPair::due(std::optional<TimePoint>& last, TimePoint now) {
  if (last && now - *last < kActivityInterval) return false;
  last = now;
  return true;
}

}  // namespace hawser::dataplane
