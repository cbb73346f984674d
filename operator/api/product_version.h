#pragma once

namespace hawser::app {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace hawser::app
