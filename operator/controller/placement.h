#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "operator/controller/decision.h"
#include "operator/controller/sidecar_index.h"

namespace hawser::controller {

// A gateway leaves a node when it has not heard of its sidecar for so long, and the cluster says too that
// something is wrong there.
inline constexpr Duration kMoveAfter = std::chrono::seconds(15);

// Where one gateway is.
struct Place {
  std::string node;  // empty: nowhere yet
  // Of that node, or in folder mode the one that assign() names; null while there is none.
  const sidecars::SidecarSnapshot* sidecar = nullptr;
  std::string problem;  // why that is not as it shall be (Programmed=False, NodeUnavailable)
  std::string waiting;  // for what, while it is not placed and nothing is wrong
};

// Where all gateways are in this pass. In a cluster (Inputs::nodes): a gateway stays where it is; a new one
// goes where the fewest connections are; one moves when its sidecar's stream has been down for kMoveAfter and
// its pod is gone or its node not ready, or when its node no longer has the labels that nodeSelector asks
// for and its sidecar can be told so. Pure.
class Placement {
 public:
  Placement(const Inputs& inputs, store::Now now);
  Place of(const api::VirtualNetworkGateway& gateway) const;
  const SidecarIndex& sidecars() const { return sidecars_; }

  const std::map<std::string, GatewayPlace>& places() const { return places_; }
  const std::vector<store::Notice>& notices() const { return notices_; }
  // When a gateway may move by time alone.
  std::optional<TimePoint> again_at() const { return again_at_; }

 private:
  struct Load {
    size_t connections = 0;
    size_t gateways = 0;
    friend auto operator<=>(const Load&, const Load&) = default;
  };
  struct Unplaced {
    const api::VirtualNetworkGateway* gateway;
    std::string why;         // it leaves its node; empty for a new one
    bool lost = false;       // that node is lost: any other is better
    std::string bound = {};  // why it cannot leave a node that is not lost; empty: it can
  };
  void count_connections();
  void keep_placed();
  GatewayPlace known_place(const std::string& name, const api::VirtualNetworkGateway& gateway) const;
  void place_rest();
  bool stays(const api::VirtualNetworkGateway& gateway, GatewayPlace& place);
  void put(const api::VirtualNetworkGateway& gateway, const std::string& node);
  const sidecars::SidecarNode* find_node(const std::string& name) const;
  bool first_attempt_runs(const api::VirtualNetworkGateway& gateway) const;
  const sidecars::SidecarNode* best(const api::VirtualNetworkGateway& gateway) const;
  std::string why_none(const api::VirtualNetworkGateway& gateway) const;

  const Inputs& inputs_;
  const store::Now now_;
  std::map<std::string, size_t> connections_;      // by gateway
  std::map<std::string, std::string> carried_on_;  // by gateway: the node that has one of its connections
  std::map<std::string, Load> loads_;              // by node
  std::map<std::string, GatewayPlace> places_;
  std::map<std::string, std::string> problems_, waiting_;  // by gateway
  std::vector<Unplaced> unplaced_;
  std::vector<store::Notice> notices_;
  std::optional<TimePoint> again_at_;
  std::map<std::string, const sidecars::SidecarNode*> nodes_;  // by name; empty without a cluster
  const SidecarIndex sidecars_;
};

}  // namespace hawser::controller
