#include "operator/kube/micro_time.h"

#include <cstdio>

namespace hawser::kube {

std::string format_micro_time(WallTime time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(time - second).count();
  char decimals[16];
  std::snprintf(decimals, sizeof decimals, ".%06dZ", static_cast<int>(rest));
  std::string text = format_rfc3339(second);
  text.pop_back();  // the Z
  return text + decimals;
}

}  // namespace hawser::kube
