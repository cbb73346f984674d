#include "tests/sim/audit.h"

namespace hawser::sim {

std::string describe(BytesView message) {
  auto header = wire::parse_header(message);
  if (!header) return "not IKE";
  return std::string(wire::to_string(header->exchange_type)) +
         (header->response ? " response " : " request ") + std::to_string(header->message_id);
}

void WireAudit::check_protected(const std::string& sender, const wire::Message& message, BytesView octets) {
  const auto& header = message.header;
  auto& stream = streams_[{sender, header.initiator_spi.value, header.responder_spi.value, header.response}];
  auto [first, is_new] = stream.sent.try_emplace(header.message_id, octets.begin(), octets.end());
  if (!is_new) {
    if (first->second != Bytes(octets.begin(), octets.end()))
      violations_.push_back(sender + " sent other octets under a used id: " + describe(octets));
    return;
  }
  // The first request of an original initiator is IKE_AUTH with 1, or 0 after a rekey; of a responder 0.
  uint32_t due = stream.last_id ? *stream.last_id + 1 : header.message_id;
  if (header.message_id != due || (!stream.last_id && header.message_id > 1))
    violations_.push_back(sender + " sent " + describe(octets) + " where id " + std::to_string(due) +
                          " is due");
  stream.last_id = header.message_id;
}

void WireAudit::observe(const std::string& sender, BytesView octets) {
  if (octets.size() == 1) return;  // NAT keepalive (RFC 3948 2.3)
  auto message = wire::parse(octets);
  if (!message) {
    violations_.push_back(sender + " sent what does not parse: " + message.error().message);
    return;
  }
  if (!message->header.initiator_spi) violations_.push_back(sender + " sent initiator SPI 0");
  if (message->find<wire::EncryptedPayload>() != nullptr) {
    check_protected(sender, *message, octets);
    return;
  }
  bool init = message->header.exchange_type == wire::ExchangeType::IkeSaInit;
  bool hint = message->find_error() != nullptr && message->header.response;
  if (!init && !hint) violations_.push_back(sender + " sent in clear: " + describe(octets));
  if (init && message->header.message_id != 0) violations_.push_back(sender + " sent " + describe(octets));
}

}  // namespace hawser::sim
