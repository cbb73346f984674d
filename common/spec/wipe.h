#pragma once

#include "hawser/v1/state.pb.h"

namespace hawser::spec {

// Overwrites and clears every shared key: freed memory keeps what it held.
void wipe_keys(v1::DesiredState& desired);

}  // namespace hawser::spec
