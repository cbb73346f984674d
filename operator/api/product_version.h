#pragma once

namespace hawser::api {

// Of the operator and of hawser.
inline constexpr const char* kProductVersion = "0.1.0";

}  // namespace hawser::api
