#include "operator/cluster/sidecar_directory.h"

#include <algorithm>

namespace hawser::cluster {

SidecarDirectory::SidecarDirectory(kube::Client& client, const Options& options, Jitter& jitter)
    : pods_(client, {"/api/v1/namespaces/" + options.namespace_ + "/pods", "", options.selector}, jitter),
      nodes_(client, {"/api/v1/nodes", "", ""}, jitter),
      table_(options.port) {}

bool SidecarDirectory::step(TimePoint now) {
  pods_.step(now);
  nodes_.step(now);
  const auto forget = table_.next_deadline();
  bool changed = forget && now >= *forget;
  for (const kube::ObjectChange& change : pods_.take_changes()) {
    table_.apply_pod(change, now);
    changed = true;
  }
  for (const kube::ObjectChange& change : nodes_.take_changes()) {
    table_.apply_node(change);
    changed = true;
  }
  return changed;
}

std::optional<TimePoint> SidecarDirectory::next_deadline() const {
  std::optional<TimePoint> next = table_.next_deadline();
  for (const auto& when : {pods_.next_deadline(), nodes_.next_deadline()})
    if (when && (!next || *when < *next)) next = when;
  return next;
}

std::string SidecarDirectory::trouble() const {
  return !pods_.trouble().empty() ? pods_.trouble() : nodes_.trouble();
}

}  // namespace hawser::cluster
