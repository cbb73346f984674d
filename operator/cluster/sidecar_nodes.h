#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "operator/kube/reflector.h"
#include "operator/sidecars/sidecar_node.h"

namespace hawser::cluster {

// Pods of sidecars and Nodes, put together: which nodes have a sidecar. Of each object only what is asked for
// is kept. No clock, no API.
class SidecarNodes {
 public:
  // A node is told of for so long after its last pod: what was known of its sidecar is worth showing while
  // the pod is replaced, and its gateways have to move first.
  static constexpr Duration kForgetAfter = std::chrono::minutes(1);

  explicit SidecarNodes(uint16_t port) : port_(port) {}
  void apply_pod(const kube::ObjectChange& change, TimePoint now);
  void apply_node(const kube::ObjectChange& change);
  // By name.
  std::vector<sidecars::SidecarNode> list(TimePoint now);
  // When list() is shorter by time alone.
  std::optional<TimePoint> next_deadline() const;

 private:
  struct Pod {
    std::string node;
    std::string address;
    std::string created;
    bool ready = false;
    bool deleting = false;
  };
  struct Node {
    std::map<std::string, std::string> labels;
    bool ready = false;
  };
  // A node that has, or had, a pod.
  struct Seat {
    std::string target;
    std::optional<TimePoint> empty_since;
  };
  void refresh(const std::string& node, TimePoint now);
  const Pod* best_pod(const std::string& node) const;

  const uint16_t port_;
  std::map<std::string, Pod> pods_;  // those with a node that have not ended, by key
  std::map<std::string, Node> nodes_;
  std::map<std::string, Seat> seats_;  // by node
};

// "192.0.2.7:9446", "[2001:db8::7]:9446"
std::string target_of(const std::string& address, uint16_t port);

}  // namespace hawser::cluster
