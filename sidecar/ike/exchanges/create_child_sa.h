#pragma once

#include "sidecar/ike/engine.h"

// CREATE_CHILD_SA (RFC 7296 1.3, 2.8, 2.17, 2.18): a new Child SA, a rekeyed one, a rekeyed IKE SA.
namespace hawser::ike {

// REQUIRES: NewChild or RekeyChild.
void begin_create_child(Engine& engine, IkeSa& sa, const Task& task);
void begin_rekey_ike(Engine& engine, IkeSa& sa);

void on_new_child_request(Engine& engine, IkeSa& sa, const Received& received);
void on_rekey_child_request(Engine& engine, IkeSa& sa, const Received& received);
void on_rekey_ike_request(Engine& engine, IkeSa& sa, const Received& received);
void on_create_child_sa_too_late(Engine& engine, IkeSa& sa, const Received& received);

void on_create_child_sa_response(Engine& engine, IkeSa& sa, const Received& received);
void on_create_child_sa_error(Engine& engine, IkeSa& sa, const Received& received);

}  // namespace hawser::ike
