#include "operator/controller/assign.h"

#include <algorithm>

namespace hawser::controller {

Result<const sidecars::SidecarSnapshot*> assign(const api::VirtualNetworkGateway& gateway,
                                                const std::vector<sidecars::SidecarSnapshot>& sidecars) {
  if (sidecars.empty())
    return Error{ErrorCode::NotFound, "the operator has no sidecar; start it with --sidecar NAME=unix:PATH"};
  if (sidecars.size() == 1 || gateway.spec.node_selector.empty()) return &sidecars.front();
  std::string known;
  for (const auto& sidecar : sidecars) known += (known.empty() ? "" : ", ") + sidecar.name;
  for (const auto& [label, value] : gateway.spec.node_selector) {
    if (label != kHostnameLabel)
      return Error{ErrorCode::NotFound, "spec.nodeSelector: label '" + label +
                                            "' is not known without a cluster; use " + kHostnameLabel +
                                            " with one of " + known};
  }
  const std::string& wanted = gateway.spec.node_selector.at(kHostnameLabel);
  auto found = std::ranges::find(sidecars, wanted, &sidecars::SidecarSnapshot::name);
  if (found == sidecars.end())
    return Error{ErrorCode::NotFound,
                 "spec.nodeSelector: no sidecar is named '" + wanted + "'; the operator has " + known};
  return &*found;
}

}  // namespace hawser::controller
