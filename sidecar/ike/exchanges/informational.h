#pragma once

#include "sidecar/ike/engine.h"

// INFORMATIONAL (RFC 7296 1.4): Delete, errors, liveness.
namespace hawser::ike {

// REQUIRES: DeleteChild, DiscardChild, DeleteIke or Liveness.
void begin_informational(Engine& engine, IkeSa& sa, const Task& task);
void on_informational_request(Engine& engine, IkeSa& sa, const Received& received);
void on_informational_response(Engine& engine, IkeSa& sa, const Received& received);

// One Delete without waiting for its answer, whatever is in flight: the connection is about to be forgotten.
void send_last_delete(Engine& engine, IkeSa& sa);

}  // namespace hawser::ike
