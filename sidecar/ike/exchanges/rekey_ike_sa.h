#pragma once

#include "sidecar/ike/engine.h"

// The rekey of an IKE SA within CREATE_CHILD_SA (RFC 7296 1.3.2, 2.8, 2.18). Part of create_child_sa; a file
// of its own for its size.
namespace hawser::ike {

void on_rekey_ike_response(Engine& engine, IkeSa& old, Request& request, const Received& received);
void on_rekey_ike_error(Engine& engine, IkeSa& old, const Request& request,
                        const wire::NotifyPayload& notify);

// Shared with the Child SA's half of the exchange.
Bytes group_octets(const catalog::GroupRow& group);
wire::KePayload ke_payload(const crypto::KeyExchange& key_exchange);
void refuse_public_value(Engine& engine, IkeSa& sa, const Received& received, const std::string& why);

}  // namespace hawser::ike
