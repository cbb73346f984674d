#include "operator/cluster/sidecar_nodes.h"

#include <algorithm>
#include <tuple>

namespace hawser::cluster {
namespace {

using nlohmann::json;

// The server checks types; what is absent is empty.
const json& member(const json& object, const char* key) {
  static const json kNothing;
  if (!object.is_object()) return kNothing;
  auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

std::string text(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

bool is_ready(const json& object) {
  const json& conditions = member(member(object, "status"), "conditions");
  return std::ranges::any_of(conditions, [](const json& condition) {
    return text(condition, "type") == "Ready" && text(condition, "status") == "True";
  });
}

bool has_ended(const json& pod) {
  const std::string phase = text(member(pod, "status"), "phase");
  return phase == "Succeeded" || phase == "Failed";
}

}  // namespace

std::string target_of(const std::string& address, uint16_t port) {
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

void SidecarNodes::apply_pod(const kube::ObjectChange& change, TimePoint now) {
  const json& object = change.object;
  std::string before;
  if (auto known = pods_.find(change.key); known != pods_.end()) {
    before = known->second.node;
    pods_.erase(known);
  }
  const std::string node = text(member(object, "spec"), "nodeName");
  const bool there = change.type == kube::ObjectChange::Type::Upsert && !node.empty() && !has_ended(object);
  if (there) {
    Pod& pod = pods_[change.key];
    pod.node = node;
    pod.address = text(member(object, "status"), "podIP");
    pod.created = text(member(object, "metadata"), "creationTimestamp");
    pod.deleting = !text(member(object, "metadata"), "deletionTimestamp").empty();
    pod.ready = !pod.deleting && is_ready(object);
    refresh(node, now);
  }
  if (!before.empty() && (!there || before != node)) refresh(before, now);
}

void SidecarNodes::apply_node(const kube::ObjectChange& change) {
  nodes_.erase(change.key);
  if (change.type == kube::ObjectChange::Type::Delete) return;
  Node& node = nodes_[change.key];
  node.ready = is_ready(change.object);
  for (const auto& [label, value] : member(member(change.object, "metadata"), "labels").items())
    if (value.is_string()) node.labels[label] = value;
}

// While one is replaced there are two: the one that stays.
const SidecarNodes::Pod* SidecarNodes::best_pod(const std::string& node) const {
  const Pod* best = nullptr;
  auto rank = [](const Pod& pod) {
    return std::tuple(!pod.deleting, !pod.address.empty(), pod.ready, pod.created);
  };
  for (const auto& [key, pod] : pods_)
    if (pod.node == node && (best == nullptr || rank(*best) < rank(pod))) best = &pod;
  return best;
}

void SidecarNodes::refresh(const std::string& node, TimePoint now) {
  const Pod* pod = best_pod(node);
  if (pod == nullptr && !seats_.contains(node)) return;
  Seat& seat = seats_[node];
  if (pod == nullptr) {
    if (!seat.empty_since) seat.empty_since = now;
    return;
  }
  seat.empty_since.reset();
  if (!pod->address.empty()) seat.target = target_of(pod->address, port_);
}

std::vector<sidecars::SidecarNode> SidecarNodes::list(TimePoint now) {
  std::erase_if(seats_, [&](const auto& seat) {
    return seat.second.empty_since && now - *seat.second.empty_since >= kForgetAfter;
  });
  // One look at all pods, however many nodes there are.
  std::map<std::string, bool> ready_pods;
  for (const auto& [key, pod] : pods_) ready_pods[pod.node] = ready_pods[pod.node] || pod.ready;
  std::vector<sidecars::SidecarNode> all;
  for (const auto& [name, seat] : seats_) {
    sidecars::SidecarNode& one = all.emplace_back();
    one.name = name;
    one.target = seat.target;
    auto pods = ready_pods.find(name);
    one.pod_there = pods != ready_pods.end();
    one.pod_ready = one.pod_there && pods->second;
    auto node = nodes_.find(name);
    if (node == nodes_.end()) continue;
    one.node_known = true;
    one.node_ready = node->second.ready;
    one.labels = node->second.labels;
  }
  return all;
}

std::optional<TimePoint> SidecarNodes::next_deadline() const {
  std::optional<TimePoint> next;
  for (const auto& [name, seat] : seats_)
    if (seat.empty_since && (!next || *seat.empty_since + kForgetAfter < *next))
      next = *seat.empty_since + kForgetAfter;
  return next;
}

}  // namespace hawser::cluster
