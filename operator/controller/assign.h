#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"
#include "operator/api/kinds.h"
#include "operator/sidecars/sidecar_client.h"

namespace hawser::controller {

inline constexpr const char* kHostnameLabel = "kubernetes.io/hostname";

// Which sidecar serves a gateway, in folder mode: the only one, whatever the nodeSelector says; of several,
// the one that nodeSelector names by kubernetes.io/hostname (the NAME of --sidecar), or the first when it has
// no nodeSelector. NotFound: the message says what to write. The pointer is into `sidecars`.
Result<const sidecars::SidecarSnapshot*> assign(const api::VirtualNetworkGateway& gateway,
                                                const std::vector<sidecars::SidecarSnapshot>& sidecars);

}  // namespace hawser::controller
