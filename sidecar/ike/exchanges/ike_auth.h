#pragma once

#include "sidecar/ike/engine.h"

// IKE_AUTH (RFC 7296 1.2, 2.15): who the peer is, and the first Child SA.
namespace hawser::ike {

void begin_ike_auth(Engine& engine, IkeSa& sa);
void on_ike_auth_request(Engine& engine, IkeSa& sa, const Received& received);
void on_ike_auth_without_auth(Engine& engine, IkeSa& sa, const Received& received);
void on_ike_auth_response(Engine& engine, IkeSa& sa, const Received& received);
void on_ike_auth_error(Engine& engine, IkeSa& sa, const Received& received);

}  // namespace hawser::ike
