#pragma once

#include "operator/controller/decision.h"
#include "operator/controller/verdict.h"

namespace hawser::controller {

ObjectStatus decide_network(const api::VirtualNetwork& network, const Inputs& inputs,
                            const Verdicts& verdicts, store::Now now);
ObjectStatus decide_site(const api::LocalNetworkGateway& site, const Inputs& inputs, const Verdicts& verdicts,
                         store::Now now);
ObjectStatus decide_policy(const api::IpsecPolicy& policy, const Inputs& inputs, const Verdicts& verdicts,
                           store::Now now);
// An object whose text never was good since the start: all that is known is what is wrong with it.
ObjectStatus decide_broken(const api::ObjectKey& key, const Inputs& inputs, const Verdicts& verdicts,
                           store::Now now);

}  // namespace hawser::controller
