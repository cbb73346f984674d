#pragma once

#include <variant>

#include "sidecar/ike/children.h"
#include "sidecar/ike/proposal.h"

// What IKE_AUTH and CREATE_CHILD_SA have in common: SA, TSi and TSr of a Child SA (RFC 7296 1.2, 1.3.1, 2.9).
namespace hawser::ike {

wire::SaPayload child_offer(const PeerConfig& config, sa::Spi inbound, ChildExchange exchange);
void append_selectors(std::vector<wire::Payload>& payloads, const PeerConfig& config);

// As responder: what to answer, and the Child SA to be (its keys are still to be derived).
struct ChildAnswer {
  std::vector<wire::Payload> payloads;  // SAr, TSi, TSr
  NewChild child;
};
struct ChildRefusal {
  wire::NotifyPayload notify;
  Failure failure;
};
// REQUIRES: SA, TSi and TSr are in the message.
std::variant<ChildAnswer, ChildRefusal> answer_child_offer(Engine& engine, const IkeSa& sa,
                                                           const wire::Message& message,
                                                           ChildExchange exchange);

// As initiator: the Child SA that the answer makes (inbound SPI and keys are still to be filled in), or why
// there is none. `message` may lack anything.
std::variant<NewChild, Failure> read_child_answer(Engine& engine, const IkeSa& sa,
                                                  const wire::Message& message, const sa::ChildSuite& suite,
                                                  ChildExchange exchange);

}  // namespace hawser::ike
