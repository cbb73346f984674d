#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operator/sidecars/sidecar_client.h"
#include "operator/sidecars/sidecar_node.h"

namespace hawser::sidecars {

// All sidecars of one operator, in the order they were given. Belongs to one thread.
class Fleet {
 public:
  // REQUIRES: the name is new.
  void add(std::string name, std::unique_ptr<SidecarClient> client);
  // In a cluster: from now on exactly the sidecars of these nodes, by name. A client ends with its node, and
  // is made anew when its target is another; all others go on. Of nodes with one target one has a client.
  // True: something is different.
  using MakeClient = std::function<std::unique_ptr<SidecarClient>(const SidecarNode&)>;
  bool follow(const std::vector<SidecarNode>& nodes, const MakeClient& make);
  // As followed last; nullopt where there is no cluster.
  const std::optional<std::vector<SidecarNode>>& nodes() const { return nodes_; }

  // A sidecar hears only what is new to it: every message makes it look at all its connections.
  void set_desired(const std::string& name, Desired desired);
  std::vector<SidecarSnapshot> snapshots() const;
  size_t size() const { return order_.size(); }

 private:
  static std::vector<const SidecarNode*> reachable(const std::vector<SidecarNode>& nodes);
  struct Member {
    std::unique_ptr<SidecarClient> client;
    std::string target;           // of its node
    std::optional<Desired> told;  // by set_desired
  };
  std::vector<std::string> order_;
  std::map<std::string, Member> members_;
  std::optional<std::vector<SidecarNode>> nodes_;
};

}  // namespace hawser::sidecars
