#pragma once

#include <functional>
#include <memory>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "operator/app/backend.h"
#include "operator/app/options.h"

namespace hawser::app {

// The API server that the command line, or else the pod, names. `ring` comes from threads of the HTTP library
// whenever the backend has something to take in; it and `clock` outlive the backend.
Result<std::unique_ptr<Backend>> open_cluster(const ClusterOptions& options, const std::string& identity,
                                              const Clock& clock, const std::function<void()>& ring);

}  // namespace hawser::app
