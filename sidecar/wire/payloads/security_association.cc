#include <string>

#include "sidecar/wire/payloads/payloads.h"

// Security Association (RFC 7296 3.3): a list of proposals.
//
//   proposal    | last 0/2 | 0 | length (2)  | number | protocol | SPI size | transform count | SPI |
//   transforms | transform   | last 0/3 | 0 | length (2)  | type | 0 | id (2) | attributes | attribute   | 1
//   type (15 bits) | value (2) |   or   | 0 type (15 bits) | length (2) | value |
//
// "last" is 0 in the last substructure and 2 or 3 in all others: a redundant count, which must agree with the
// lengths.
namespace hawser::wire {
namespace {

constexpr uint8_t kLast = 0;
constexpr uint8_t kMoreProposals = 2;
constexpr uint8_t kMoreTransforms = 3;
constexpr uint16_t kFixedLengthAttribute = 0x8000;
constexpr uint16_t kKeyLength = 14;
constexpr size_t kProposalHeader = 8;
constexpr size_t kTransformHeader = 8;

// The body of the next substructure: marker, length, content. Checks the marker against what is left.
BytesView take_substructure(Reader& in, uint8_t more, size_t header, const char* what) {
  uint8_t marker = in.u8();
  in.skip(1);
  size_t length = in.u16();
  if (in.ok() && length < header)
    in.fail(std::string(what) + " length " + std::to_string(length) + " is below " + std::to_string(header));
  BytesView body = in.take(length < 4 ? 0 : length - 4);
  uint8_t expected = in.remaining() == 0 ? kLast : more;
  if (in.ok() && marker != expected)
    in.fail(std::string(what) + " is marked " + std::to_string(marker) + " where " +
            std::to_string(expected) + " is due");
  return body;
}

void decode_attributes(Reader& in, BytesView attributes, Transform& transform) {
  Reader list(attributes, "attributes");
  while (list.ok() && list.remaining() > 0) {
    uint16_t type = list.u16();
    uint16_t value = list.u16();
    if (type == (kFixedLengthAttribute | kKeyLength)) {
      // Twice would let two readers of one message see two key lengths.
      if (transform.key_bits) list.fail("two Key Length attributes");
      transform.key_bits = value;
      continue;
    }
    // Unknown makes this transform unusable, not the message (RFC 7296 3.3.6); so does Key Length in the long
    // form, which 3.3.5 rules out.
    transform.unknown_attribute = true;
    if ((type & kFixedLengthAttribute) == 0) list.skip(value);
  }
  if (!list.ok()) in.fail(list.error().message);
}

Transform decode_transform(Reader& in) {
  BytesView octets = take_substructure(in, kMoreTransforms, kTransformHeader, "transform");
  Transform out;
  if (!in.ok()) return out;
  Reader body(octets, "transform");
  out.type = static_cast<TransformType>(body.u8());
  body.skip(1);
  out.id = body.u16();
  decode_attributes(in, body.rest(), out);
  return out;
}

bool spi_size_fits(ProtocolId protocol, size_t size) {
  switch (protocol) {
    case ProtocolId::Ike:
      return size == 0 || size == 8;  // none in IKE_SA_INIT, 8 in a rekey (RFC 7296 3.3.1)
    case ProtocolId::Ah:
    case ProtocolId::Esp:
      return size == 4;
    default:
      return size == 0 || size == 4 || size == 8;
  }
}

void decode_transforms(Reader& in, BytesView octets, uint8_t count, Proposal& out) {
  Reader list(octets, "transforms");
  while (list.ok() && list.remaining() > 0) {
    if (out.transforms.size() == count) list.fail("more than the announced " + std::to_string(count));
    out.transforms.push_back(decode_transform(list));
  }
  if (list.ok() && out.transforms.size() != count)
    list.fail(std::to_string(out.transforms.size()) + " of the announced " + std::to_string(count));
  if (!list.ok()) in.fail(list.error().message);
}

Proposal decode_proposal(Reader& in) {
  BytesView octets = take_substructure(in, kMoreProposals, kProposalHeader, "proposal");
  Proposal out;
  if (!in.ok()) return out;
  Reader body(octets, "proposal");
  out.number = body.u8();
  out.protocol = static_cast<ProtocolId>(body.u8());
  uint8_t spi_size = body.u8();
  uint8_t count = body.u8();
  if (!spi_size_fits(out.protocol, spi_size))
    body.fail("an SPI of " + std::to_string(spi_size) + " octets does not fit the protocol");
  out.spi = body.copy(spi_size);
  if (body.ok()) decode_transforms(body, body.rest(), count, out);
  if (!body.ok()) in.fail(body.error().message);
  return out;
}

void encode_transform(Writer& out, const Transform& transform, bool last) {
  size_t start = out.position();
  out.u8(last ? kLast : kMoreTransforms);
  out.u8(0);
  size_t length = out.reserve_u16();
  out.u8(static_cast<uint8_t>(transform.type));
  out.u8(0);
  out.u16(transform.id);
  if (transform.key_bits) {
    out.u16(kFixedLengthAttribute | kKeyLength);
    out.u16(*transform.key_bits);
  }
  out.fill_length(length, start);
}

void encode_proposal(Writer& out, const Proposal& proposal, bool last) {
  CHECK(proposal.transforms.size() <= UINT8_MAX && proposal.spi.size() <= UINT8_MAX);
  size_t start = out.position();
  out.u8(last ? kLast : kMoreProposals);
  out.u8(0);
  size_t length = out.reserve_u16();
  out.u8(proposal.number);
  out.u8(static_cast<uint8_t>(proposal.protocol));
  out.u8(static_cast<uint8_t>(proposal.spi.size()));
  out.u8(static_cast<uint8_t>(proposal.transforms.size()));
  out.octets(proposal.spi);
  for (size_t i = 0; i < proposal.transforms.size(); ++i)
    encode_transform(out, proposal.transforms[i], i + 1 == proposal.transforms.size());
  out.fill_length(length, start);
}

}  // namespace

SaPayload decode_sa(Reader& in) {
  SaPayload out;
  if (in.remaining() == 0) in.fail("no proposal");
  int last_number = 0;
  while (in.ok() && in.remaining() > 0) {
    if (out.proposals.size() == kMaxProposals)
      in.fail("more than " + std::to_string(kMaxProposals) + " proposals");
    out.proposals.push_back(decode_proposal(in));
    // Numbers rise (RFC 7296 3.3.1); a reply's only proposal bears the number of the one it accepts.
    if (in.ok() && out.proposals.back().number <= last_number)
      in.fail("proposal number " + std::to_string(out.proposals.back().number) + " after " +
              std::to_string(last_number));
    last_number = out.proposals.back().number;
  }
  return out;
}

void encode(Writer& out, const SaPayload& payload) {
  for (size_t i = 0; i < payload.proposals.size(); ++i)
    encode_proposal(out, payload.proposals[i], i + 1 == payload.proposals.size());
}

}  // namespace hawser::wire
