#pragma once

#include <map>
#include <string>

namespace hawser::sidecars {

// What the cluster tells of a node that has, or had a moment ago, a sidecar.
struct SidecarNode {
  std::string name;    // of the node, and so of its sidecar
  std::string target;  // "192.0.2.7:9446", "[2001:db8::7]:9446": of its last pod that had an address
  std::map<std::string, std::string> labels;  // of the node
  bool node_known = false;                    // the Node object exists
  bool node_ready = false;
  bool pod_there = false;  // one that has not ended
  bool pod_ready = false;
  friend bool operator==(const SidecarNode&, const SidecarNode&) = default;
};

}  // namespace hawser::sidecars
