#pragma once

#include "sidecar/ike/engine.h"

namespace hawser::ike {

// One datagram: finds its IKE SA, proves it (ICV, message id), finds its row in the table, calls the handler.
// What fails before the proof is dropped, counted, and changes nothing (RFC 7296 2.21, 2.4). Gives the
// connection that it touched; null when it was dropped.
Connection* receive(Engine& engine, const Datagram& datagram);

}  // namespace hawser::ike
