#pragma once

#include <string>

#include "common/base/result.h"
#include "hawser/v1/sidecar.pb.h"

namespace hawser::agent {

// Sends one TriggerRequest to the sidecar at `address` (unix:PATH) and waits at most five seconds for the
// answer.
Result<void> send_trigger(const std::string& address, const v1::TriggerRequest& request);

}  // namespace hawser::agent
