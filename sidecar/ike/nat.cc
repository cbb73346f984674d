#include "sidecar/ike/nat.h"

#include <algorithm>

#include "sidecar/crypto/prf.h"

namespace hawser::ike {
namespace {

wire::NotifyPayload notify(wire::NotifyType type, Bytes data) {
  wire::NotifyPayload out;
  out.type = type;
  out.data = std::move(data);
  return out;
}

}  // namespace

Bytes nat_detection_hash(sa::IkeSpi spi_i, sa::IkeSpi spi_r, const SocketAddress& address) {
  Bytes input(16);
  store_be64(input.data(), spi_i.value);
  store_be64(input.data() + 8, spi_r.value);
  append(input, address.address.octets());
  input.push_back(static_cast<uint8_t>(address.port >> 8));
  input.push_back(static_cast<uint8_t>(address.port));
  return crypto::sha1(input);
}

NatFinding detect_nat(const wire::Message& message, const SocketAddress& local, const SocketAddress& remote) {
  const auto& header = message.header;
  Bytes of_source = nat_detection_hash(header.initiator_spi, header.responder_spi, remote);
  Bytes of_destination = nat_detection_hash(header.initiator_spi, header.responder_spi, local);
  bool source = false, destination = false, source_matches = false, destination_matches = false;
  for (const auto& payload : message.payloads) {
    const auto* n = std::get_if<wire::NotifyPayload>(&payload);
    if (n == nullptr || n->data.size() != of_source.size()) continue;
    // A host of several addresses may send one SOURCE payload for each: one match is enough.
    if (n->type == wire::NotifyType::NatDetectionSourceIp) {
      source = true;
      source_matches |= n->data == of_source;
    } else if (n->type == wire::NotifyType::NatDetectionDestinationIp) {
      destination = true;
      destination_matches |= n->data == of_destination;
    }
  }
  NatFinding out;
  out.supported = source && destination;
  if (!out.supported) return out;
  if (!source_matches)
    out.nat = destination_matches ? Nat::Remote : Nat::Both;
  else if (!destination_matches)
    out.nat = Nat::Local;
  return out;
}

void append_nat_detection(std::vector<wire::Payload>& payloads, sa::IkeSpi spi_i, sa::IkeSpi spi_r,
                          const SocketAddress& local, const SocketAddress& remote, bool hide_source) {
  SocketAddress source = local;
  if (hide_source) source.port = 0;  // no datagram comes from port 0, so the hash never matches
  payloads.emplace_back(
      notify(wire::NotifyType::NatDetectionSourceIp, nat_detection_hash(spi_i, spi_r, source)));
  payloads.emplace_back(
      notify(wire::NotifyType::NatDetectionDestinationIp, nat_detection_hash(spi_i, spi_r, remote)));
}

}  // namespace hawser::ike
