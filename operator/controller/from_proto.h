#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "hawser/v1/state.pb.h"
#include "operator/api/status.h"

namespace hawser::controller {

// False: of an object of the same name that was deleted since. An unknown uid is any.
bool speaks_of(const v1::ConnectionStatus& status, const std::string& uid);

// What the sidecar says of a connection, in the words of its status. Absent stays absent, and no text is
// longer than the schema allows.
std::optional<api::Negotiated> negotiated_of(const v1::ConnectionStatus& status);
std::optional<api::LastFailure> last_failure_of(const v1::ConnectionStatus& status);

// A peer that is down fails every few seconds, for ever. The time of a failure that is otherwise the same is
// news only after so long; nothing is written before.
inline constexpr std::chrono::seconds kFailureRepeat = std::chrono::minutes(10);
std::optional<api::LastFailure> without_repeats(std::optional<api::LastFailure> now,
                                                const std::optional<api::LastFailure>& before);

// The reason of that name if it belongs to the condition; `otherwise` for a name that a newer sidecar made
// up.
catalog::Reason reason_of(const std::string& name, catalog::ConditionType type, catalog::Reason otherwise);

}  // namespace hawser::controller
