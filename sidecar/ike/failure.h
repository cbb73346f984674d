#pragma once

#include "sidecar/ike/engine.h"

// Failures in the words of the policy (contracts, section 4).
namespace hawser::ike {

Failure make_failure(const Engine& engine, catalog::Reason reason, sa::Role role, wire::ExchangeType exchange,
                     std::string message);
// As responder: we refused the peer's offer, and know both values.
Failure refused_offer(const Engine& engine, wire::ExchangeType exchange, const Mismatch& mismatch);
// As initiator: an error notify was the answer.
Failure refused_ike_offer(const Engine& engine, const Connection& connection, wire::ExchangeType exchange,
                          const wire::NotifyPayload& notify);
Failure refused_child_offer(const Engine& engine, const Connection& connection, wire::ExchangeType exchange,
                            const wire::NotifyPayload& notify, bool pfs_is_new);
// Any other answer that ends an exchange.
Failure failed_by_notify(const Engine& engine, wire::ExchangeType exchange,
                         const wire::NotifyPayload& notify);

// The value of the attribute `dhGroup` or `pfsGroup` in INVALID_KE_PAYLOAD; empty when it is malformed.
std::optional<uint16_t> invalid_ke_group(const wire::NotifyPayload& notify);

}  // namespace hawser::ike
