#include "sidecar/ike/protect.h"

#include <algorithm>

namespace hawser::ike {

Result<Protection> Protection::create(const crypto::Context& context, const sa::IkeSuite& suite,
                                      const IkeKeys& keys, bool initiator) {
  const auto* integrity = suite.encryption->aead() ? nullptr : suite.integrity;
  ASSIGN_OR_RETURN(auto from_initiator, crypto::Transform::create(context, *suite.encryption, integrity,
                                                                  keys.sk_ei.view(), keys.sk_ai.view()));
  ASSIGN_OR_RETURN(auto from_responder, crypto::Transform::create(context, *suite.encryption, integrity,
                                                                  keys.sk_er.view(), keys.sk_ar.view()));
  Protection out;
  out.outbound_ = std::move(initiator ? from_initiator : from_responder);
  out.inbound_ = std::move(initiator ? from_responder : from_initiator);
  return out;
}

Bytes Protection::seal(const wire::Header& header, const std::vector<wire::Payload>& payloads,
                       Random& random) {
  const auto chain = wire::serialize_payloads(payloads);
  const size_t block = outbound_->block_size();
  const size_t padded = (chain.bytes.size() + 1 + block - 1) / block * block;
  const size_t body = outbound_->iv_size() + padded + outbound_->icv_size();
  auto envelope = wire::make_sk_envelope(header, chain.first, body);
  auto message = MutableBytesView(envelope.message);
  auto plain = message.subspan(envelope.body_offset + outbound_->iv_size(), padded);
  std::ranges::copy(chain.bytes, plain.begin());
  plain.back() = static_cast<uint8_t>(padded - chain.bytes.size() - 1);
  outbound_->seal(message.first(envelope.body_offset), message.subspan(envelope.body_offset), sealed_++,
                  random);
  return std::move(envelope.message);
}

Result<Protection::Opened> Protection::open(BytesView datagram, const wire::Message& outer) {
  const auto* sk = outer.find<wire::EncryptedPayload>();
  if (sk == nullptr) return Error{ErrorCode::InvalidArgument, "the message has no SK payload"};
  // Anything behind the Length of the header is padding of the datagram (RFC 7296 3.1).
  const size_t length = load_be32(datagram.data() + 24);
  if (length > datagram.size() || sk->body.size() > length)
    return Error{ErrorCode::InvalidArgument, "the SK payload is longer than the message"};
  const size_t overhead = inbound_->iv_size() + inbound_->icv_size();
  if (sk->body.size() <= overhead) return Error{ErrorCode::InvalidArgument, "the SK payload is too short"};
  Bytes body = sk->body;
  RETURN_IF_ERROR(inbound_->open(datagram.first(length - body.size()), body));
  body.resize(body.size() - inbound_->icv_size());
  body.erase(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(inbound_->iv_size()));
  const size_t padding = size_t{body.back()} + 1;
  // The ICV was good, so this is the peer's doing, not an attacker's; an empty chain of a wrong type says so.
  if (padding > body.size()) return Opened{wire::PayloadType::Encrypted, {}};
  body.resize(body.size() - padding);
  return Opened{sk->first_inner, std::move(body)};
}

}  // namespace hawser::ike
