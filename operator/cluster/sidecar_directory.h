#pragma once

#include <optional>
#include <string>
#include <vector>

#include "operator/cluster/sidecar_nodes.h"
#include "operator/kube/client.h"
#include "operator/kube/reflector.h"

namespace hawser::cluster {

// Which sidecars there are: keeps up with the pods of the own namespace that carry the sidecars' labels, and
// with all Nodes. Belongs to the client's thread; client and jitter outlive it.
class SidecarDirectory {
 public:
  struct Options {
    std::string namespace_;
    std::string selector = "app.kubernetes.io/name=hawser,app.kubernetes.io/component=sidecar";
    uint16_t port = 9446;
  };
  SidecarDirectory(kube::Client& client, const Options& options, Jitter& jitter);
  // Call after client.step(). True: nodes() may be another.
  bool step(TimePoint now);
  std::optional<TimePoint> next_deadline() const;
  // Absence means something from then on.
  bool synced() const { return pods_.synced() && nodes_.synced(); }
  // Why it does not keep up; empty: it does.
  std::string trouble() const;
  std::vector<sidecars::SidecarNode> nodes(TimePoint now) { return table_.list(now); }

 private:
  kube::Reflector pods_, nodes_;
  SidecarNodes table_;
};

}  // namespace hawser::cluster
