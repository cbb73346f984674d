#pragma once

#include <string>

#include "common/base/clock.h"

namespace hawser::kube {

// "2026-11-23T19:53:59.012345Z", as metav1.MicroTime: the server refuses any other number of decimals.
std::string format_micro_time(WallTime time);

}  // namespace hawser::kube
