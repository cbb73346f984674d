#pragma once

#include <cstdint>

// How long the texts of a status may be, in characters: the schema says it, and whoever fills one in keeps to
// it. A single text that is too long would cost the whole status.
namespace hawser::api {

inline constexpr int64_t kMaxWord = 64;        // an algorithm, a reason, a role
inline constexpr int64_t kMaxTime = 64;        // RFC 3339
inline constexpr int64_t kMaxEndpoint = 64;    // "[address]:port"
inline constexpr int64_t kMaxProposal = 4096;  // what one side offered
inline constexpr int64_t kMaxMessage = 32768;  // as metav1.Condition has it

}  // namespace hawser::api
