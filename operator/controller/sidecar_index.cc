#include "operator/controller/sidecar_index.h"

namespace hawser::controller {

SidecarIndex::SidecarIndex(const std::vector<sidecars::SidecarSnapshot>& sidecars) {
  for (const auto& sidecar : sidecars) {
    by_name_.emplace(sidecar.name, &sidecar);
    if (!sidecar.node.empty()) by_node_.emplace(sidecar.node, &sidecar);
    for (const auto& [connection, status] : sidecar.statuses) holders_.emplace(connection, &sidecar);
  }
}

const sidecars::SidecarSnapshot* SidecarIndex::by_node(std::string_view node) const {
  const auto* found = find(by_node_, node);
  return found != nullptr ? found : by_name(node);
}

const sidecars::SidecarSnapshot* SidecarIndex::find(const Map& map, std::string_view key) {
  auto found = map.find(key);
  return found == map.end() ? nullptr : found->second;
}

}  // namespace hawser::controller
