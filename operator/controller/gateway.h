#pragma once

#include <vector>

#include "operator/controller/decision.h"
#include "operator/controller/placement.h"
#include "operator/controller/verdict.h"

namespace hawser::controller {

// Programmed of one connection of the gateway; both outlive the call.
struct ProgrammedConnection {
  const std::string& name;
  const api::Condition& programmed;
};

ObjectStatus decide_gateway(const api::VirtualNetworkGateway& gateway,
                            const std::vector<ProgrammedConnection>& connections, const Inputs& inputs,
                            const Verdicts& verdicts, const Placement& placement, store::Now now);

}  // namespace hawser::controller
