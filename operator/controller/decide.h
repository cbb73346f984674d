#pragma once

#include "operator/controller/decision.h"

namespace hawser::controller {

// The operator's whole judgement: which connections each sidecar shall have, and the status of every object.
// Pure.
Decision decide(const Inputs& inputs, store::Now now);

}  // namespace hawser::controller
