#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "operator/sidecars/sidecar_client.h"

namespace hawser::controller {

// The sidecars of one pass, found without looking at each: there may be hundreds, for thousands of
// connections. They outlive it; where several fit, the first in their order is meant. Null: none.
class SidecarIndex {
 public:
  explicit SidecarIndex(const std::vector<sidecars::SidecarSnapshot>& sidecars);

  const sidecars::SidecarSnapshot* by_name(std::string_view name) const { return find(by_name_, name); }
  // By its own identity, which a status has as the node, else by its name.
  const sidecars::SidecarSnapshot* by_node(std::string_view node) const;
  // The one that speaks of a connection.
  const sidecars::SidecarSnapshot* holder_of(const sidecars::ConnectionName& connection) const {
    return find(holders_, connection);
  }

 private:
  using Map = std::unordered_map<std::string_view, const sidecars::SidecarSnapshot*>;
  static const sidecars::SidecarSnapshot* find(const Map& map, std::string_view key);

  Map by_name_, by_node_, holders_;
};

}  // namespace hawser::controller
