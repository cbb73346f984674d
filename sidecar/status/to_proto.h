#pragma once

#include "hawser/v1/state.pb.h"
#include "sidecar/status/snapshot.h"

namespace hawser::status {

// What the operator is told of one connection (contracts, section 4). Holds no secret and no counter, so that
// a quiet tunnel has a quiet status.
v1::ConnectionStatus to_proto(const Snapshot& snapshot, const ConnectionSnapshot& connection);

}  // namespace hawser::status
