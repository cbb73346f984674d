#pragma once

namespace hawser {

// Of both programs, hawser, the CRDs and, as appVersion, the chart (helm/sync.py copies it there).
inline constexpr const char* kProductVersion = "0.1.0";

}  // namespace hawser
