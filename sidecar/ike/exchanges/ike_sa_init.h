#pragma once

#include "sidecar/ike/engine.h"

// IKE_SA_INIT (RFC 7296 1.2): suite, Diffie-Hellman, nonces, NAT detection. Nothing in it is authenticated
// yet.
namespace hawser::ike {

void begin_ike_sa_init(Engine& engine, IkeSa& sa);
// `idle` only names the connection: an IKE SA comes to be when the request is accepted.
void on_ike_sa_init_request(Engine& engine, IkeSa& idle, const Received& received);
void on_ike_sa_init_response(Engine& engine, IkeSa& sa, const Received& received);
void on_ike_sa_init_cookie(Engine& engine, IkeSa& sa, const Received& received);
void on_ike_sa_init_error(Engine& engine, IkeSa& sa, const Received& received);

// An answer that leaves no state here (RFC 7296 2.6): the responder SPI is zero.
void answer_statelessly(Engine& engine, const Received& received, wire::NotifyPayload notify);

}  // namespace hawser::ike
