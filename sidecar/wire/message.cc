#include "sidecar/wire/message.h"

#include <string>

#include "sidecar/wire/chain.h"
#include "sidecar/wire/reader.h"
#include "sidecar/wire/writer.h"

// IKE header (RFC 7296 3.1):
//
//   | initiator SPI (8) | responder SPI (8) | next payload | version | exchange type | flags | message id (4)
//   | length (4) |
//
//   version   major in the upper four bits, minor in the lower
//   flags     0 0 R V I 0 0 0   the others are ignored when received and never echoed (RFC 7296 3.1)
namespace hawser::wire {
namespace {

constexpr uint8_t kInitiatorFlag = 0x08;
constexpr uint8_t kResponseFlag = 0x20;
constexpr size_t kLengthOffset = 24;

struct RawHeader {
  Header header;
  PayloadType first{};
  size_t length = 0;
};

Error invalid(std::string text) { return {ErrorCode::InvalidArgument, "IKE header: " + std::move(text)}; }

Result<RawHeader> decode_header(BytesView datagram) {
  if (datagram.size() < kHeaderSize) return invalid(std::to_string(datagram.size()) + " octets; 28 are due");
  RawHeader out;
  Reader in(datagram, "IKE header");
  out.header.initiator_spi = sa::IkeSpi(in.u64());
  out.header.responder_spi = sa::IkeSpi(in.u64());
  out.first = static_cast<PayloadType>(in.u8());
  uint8_t version = in.u8();
  out.header.major_version = version >> 4;
  out.header.minor_version = version & 0x0f;
  out.header.exchange_type = static_cast<ExchangeType>(in.u8());
  uint8_t flags = in.u8();
  out.header.initiator = (flags & kInitiatorFlag) != 0;
  out.header.response = (flags & kResponseFlag) != 0;
  out.header.message_id = in.u32();
  out.length = in.u32();
  if (out.length < kHeaderSize || out.length > datagram.size())
    return invalid("length " + std::to_string(out.length) + " in a datagram of " +
                   std::to_string(datagram.size()) + " octets");
  return out;
}

void encode_header(Writer& out, const Header& header, PayloadType first) {
  out.u64(header.initiator_spi.value);
  out.u64(header.responder_spi.value);
  out.u8(static_cast<uint8_t>(first));
  out.u8(static_cast<uint8_t>(header.major_version << 4 | (header.minor_version & 0x0f)));
  out.u8(static_cast<uint8_t>(header.exchange_type));
  out.u8(
      static_cast<uint8_t>((header.initiator ? kInitiatorFlag : 0) | (header.response ? kResponseFlag : 0)));
  out.u32(header.message_id);
  out.u32(0);
}

void fill_message_length(Bytes& message) {
  store_be32(message.data() + kLengthOffset, static_cast<uint32_t>(message.size()));
}

template <typename T, typename Predicate>
const T* find_if(const std::vector<Payload>& payloads, Predicate predicate) {
  for (const auto& payload : payloads)
    if (const T* found = std::get_if<T>(&payload); found != nullptr && predicate(*found)) return found;
  return nullptr;
}

}  // namespace

const IdPayload* Message::find_id(bool initiator) const {
  return find_if<IdPayload>(payloads, [&](const IdPayload& id) { return id.initiator == initiator; });
}

const TsPayload* Message::find_ts(bool initiator) const {
  return find_if<TsPayload>(payloads, [&](const TsPayload& ts) { return ts.initiator == initiator; });
}

const NotifyPayload* Message::find_notify(NotifyType type) const {
  return find_if<NotifyPayload>(payloads, [&](const NotifyPayload& notify) { return notify.type == type; });
}

const NotifyPayload* Message::find_error() const {
  return find_if<NotifyPayload>(payloads, [](const NotifyPayload& notify) { return is_error(notify.type); });
}

Result<Header> parse_header(BytesView datagram) {
  ASSIGN_OR_RETURN(RawHeader raw, decode_header(datagram));
  return raw.header;
}

Result<Message> parse(BytesView datagram) {
  ASSIGN_OR_RETURN(RawHeader raw, decode_header(datagram));
  Message out;
  out.header = raw.header;
  BytesView chain = datagram.first(raw.length).subspan(kHeaderSize);
  ASSIGN_OR_RETURN(out.payloads, decode_chain(raw.first, chain, ChainPlace::Outer));
  return out;
}

Result<std::vector<Payload>> parse_payloads(PayloadType first, BytesView chain) {
  return decode_chain(first, chain, ChainPlace::InsideSk);
}

Bytes serialize(const Message& message) {
  Bytes out;
  Writer writer(out);
  encode_header(writer, message.header,
                message.payloads.empty() ? PayloadType::None : type_of(message.payloads[0]));
  encode_chain(writer, message.payloads);
  fill_message_length(out);
  return out;
}

Chain serialize_payloads(const std::vector<Payload>& payloads) {
  Chain out;
  if (payloads.empty()) return out;
  out.first = type_of(payloads[0]);
  Writer writer(out.bytes);
  encode_chain(writer, payloads);
  return out;
}

SkEnvelope make_sk_envelope(const Header& header, PayloadType first_inner, size_t body_size) {
  SkEnvelope out;
  Writer writer(out.message);
  encode_header(writer, header, PayloadType::Encrypted);
  encode_chain(writer, {EncryptedPayload{first_inner, Bytes(body_size)}});
  fill_message_length(out.message);
  out.body_offset = kHeaderSize + kGenericHeaderSize;
  return out;
}

}  // namespace hawser::wire
