#include "operator/controller/placement.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "operator/controller/assign.h"

namespace hawser::controller {
namespace {

using api::VirtualNetworkGateway;
using sidecars::LinkState;
using sidecars::SidecarNode;
using sidecars::SidecarSnapshot;

constexpr size_t kNamesInAMessage = 10;

std::string key_of(const VirtualNetworkGateway& gateway) {
  return api::map_key(gateway.meta.namespace_, gateway.meta.name);
}

bool matches(const SidecarNode& node, const VirtualNetworkGateway& gateway) {
  return std::ranges::all_of(gateway.spec.node_selector, [&](const auto& wanted) {
    auto label = node.labels.find(wanted.first);
    return label != node.labels.end() && label->second == wanted.second;
  });
}

// Somebody else is in charge of a sidecar that refuses: that is no sign of its node.
bool is_up(const SidecarSnapshot* sidecar) {
  return sidecar != nullptr &&
         (sidecar->state == LinkState::Connected || sidecar->state == LinkState::Refused);
}

// What the cluster has against the node; empty: nothing.
std::string fault_of(const SidecarNode* node) {
  if (node == nullptr || !node->pod_there) return "its sidecar's pod is gone";
  if (!node->node_known) return "the node is gone";
  if (!node->node_ready) return "the node is not ready";
  return "";
}

std::string why_not(const SidecarNode& node, const SidecarSnapshot* sidecar) {
  if (const std::string fault = fault_of(&node); !fault.empty()) return fault;
  if (!node.pod_ready) return "its sidecar's pod is not ready";
  return sidecar == nullptr || sidecar->message.empty() ? "its sidecar does not answer" : sidecar->message;
}

// The first few, and how many more.
std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kNamesInAMessage); ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kNamesInAMessage)
    text += " and " + std::to_string(names.size() - kNamesInAMessage) + " more";
  return text;
}

}  // namespace

Placement::Placement(const Inputs& inputs, store::Now now)
    : inputs_(inputs), now_(now), sidecars_(inputs.sidecars) {
  if (!inputs.nodes) return;
  for (const SidecarNode& node : *inputs.nodes) nodes_[node.name] = &node;
  count_connections();
  keep_placed();
  place_rest();
}

void Placement::count_connections() {
  for (const auto& [name, connection] : inputs_.source->objects.connections) {
    std::string gateway =
        api::map_key(connection.meta.namespace_, connection.spec.virtual_network_gateway_ref);
    std::string node;
    if (auto spec = inputs_.memory.in_force.find(name); spec != inputs_.memory.in_force.end()) {
      gateway = spec->second.gateway;
      node = spec->second.sidecar;
    } else if (auto status = inputs_.previous.find(
                   {api::Kind::Connection, connection.meta.namespace_, connection.meta.name});
               status != inputs_.previous.end()) {
      node = status->second->status.node;
    }
    ++connections_[gateway];
    if (!node.empty()) carried_on_.emplace(std::move(gateway), std::move(node));
  }
}

const SidecarNode* Placement::find_node(const std::string& name) const {
  auto found = nodes_.find(name);
  return found == nodes_.end() ? nullptr : found->second;
}

void Placement::put(const VirtualNetworkGateway& gateway, const std::string& node) {
  places_[key_of(gateway)].node = node;
  Load& load = loads_[node];
  load.connections += connections_[key_of(gateway)];
  ++load.gateways;
}

// After a restart the status tells it; of a gateway that was deleted and made again, its connections.
GatewayPlace Placement::known_place(const std::string& name, const VirtualNetworkGateway& gateway) const {
  GatewayPlace place;
  if (auto known = inputs_.memory.places.find(name); known != inputs_.memory.places.end())
    place = known->second;
  auto status =
      inputs_.previous.find({api::Kind::VirtualNetworkGateway, gateway.meta.namespace_, gateway.meta.name});
  if (place.node.empty() && status != inputs_.previous.end()) place.node = status->second->status.node;
  auto carried = carried_on_.find(name);
  if (place.node.empty() && carried != carried_on_.end()) place.node = carried->second;
  return place;
}

// Those first that have a place: the rest is spread around them.
void Placement::keep_placed() {
  for (const auto& [name, gateway] : inputs_.source->objects.virtual_network_gateways) {
    GatewayPlace place = known_place(name, gateway);
    if (place.node.empty()) {
      unplaced_.push_back({&gateway, ""});
      continue;
    }
    const bool in_place = stays(gateway, place);
    places_[name] = place;
    if (in_place) put(gateway, place.node);
  }
}

// Keeps the time since when nothing was heard, too. One that does not stay is among the unplaced then.
bool Placement::stays(const VirtualNetworkGateway& gateway, GatewayPlace& place) {
  const SidecarNode* node = find_node(place.node);
  if (is_up(sidecars_.by_name(place.node))) {
    place.down_since.reset();
  } else if (!place.down_since) {
    place.down_since = now_.monotonic;
  }
  const std::string fault = fault_of(node);
  const bool lost = place.down_since && !fault.empty();
  if (lost && now_.monotonic - *place.down_since >= kMoveAfter) {
    unplaced_.push_back({&gateway, fault, true});
    return false;
  }
  if (lost) {
    const TimePoint moves_at = *place.down_since + kMoveAfter;
    again_at_ = again_at_ ? std::min(*again_at_, moves_at) : moves_at;
  }
  if (node == nullptr || !node->node_known || matches(*node, gateway)) return true;
  // Whoever cannot be told to let go would carry the tunnels beside the next one.
  const SidecarSnapshot* sidecar = sidecars_.by_name(place.node);
  const bool heard = sidecar != nullptr && sidecar->state == LinkState::Connected;
  unplaced_.push_back({&gateway, "it does not have the labels of spec.nodeSelector", false,
                       heard ? "" : why_not(*node, sidecar)});
  return false;
}

// Of the nodes that could take it now: the one with the fewest connections, then gateways, then by name.
const SidecarNode* Placement::best(const VirtualNetworkGateway& gateway) const {
  const SidecarNode* found = nullptr;
  auto rank = [&](const SidecarNode& node) {
    auto load = loads_.find(node.name);
    return std::tuple(load == loads_.end() ? Load{} : load->second, node.name);
  };
  for (const auto& [name, node] : nodes_) {
    const SidecarSnapshot* sidecar = sidecars_.by_name(name);
    if (!matches(*node, gateway) || !node->node_ready || !node->pod_ready || sidecar == nullptr ||
        sidecar->state != LinkState::Connected)
      continue;
    if (found == nullptr || rank(*node) < rank(*found)) found = node;
  }
  return found;
}

// A node that could be the better one has not been heard for the first time yet: who is put elsewhere now
// stays there.
bool Placement::first_attempt_runs(const VirtualNetworkGateway& gateway) const {
  return std::ranges::any_of(nodes_, [&](const auto& item) {
    const SidecarSnapshot* sidecar = sidecars_.by_name(item.first);
    return matches(*item.second, gateway) && item.second->node_ready && item.second->pod_ready &&
           sidecar != nullptr && sidecar->state == LinkState::Connecting;
  });
}

std::string Placement::why_none(const VirtualNetworkGateway& gateway) const {
  std::vector<std::string> all, matching;
  for (const auto& [name, node] : nodes_) {
    all.push_back(name);
    if (matches(*node, gateway))
      matching.push_back(name + " (" + why_not(*node, sidecars_.by_name(name)) + ")");
  }
  if (all.empty()) return "no node has a sidecar";
  if (!matching.empty()) return "no sidecar that may serve it is ready: " + join(matching);
  std::vector<std::string> asked;
  for (const auto& [label, value] : gateway.spec.node_selector) asked.push_back(label + "=" + value);
  return "spec.nodeSelector asks for " + join(asked) +
         ", which no node with a sidecar has; nodes with a sidecar: " + join(all);
}

void Placement::place_rest() {
  for (const Unplaced& item : unplaced_) {
    const VirtualNetworkGateway& gateway = *item.gateway;
    const std::string key = key_of(gateway);
    auto old = places_.find(key);
    const SidecarNode* node = best(gateway);
    const bool wait = first_attempt_runs(gateway) && (node == nullptr || !item.lost);
    const bool bound = node != nullptr && !item.bound.empty();
    if (wait || bound) node = nullptr;
    const std::string who =
        api::ObjectKey{api::Kind::VirtualNetworkGateway, gateway.meta.namespace_, gateway.meta.name}
            .to_string();
    if (node != nullptr) {
      std::string text = who + ": placed on node " + node->name;
      if (old != places_.end())
        text = who + ": moved from node " + old->second.node + " to " + node->name + ": " + item.why;
      notices_.push_back({store::Notice::Level::Info, text});
      places_[key] = {};
      put(gateway, node->name);
    } else if (old != places_.end()) {
      // It stays; its tunnels do too where they can.
      put(gateway, old->second.node);
      problems_[key] = "node " + old->second.node + ": " + item.why + "; " +
                       (bound  ? "it moves once its sidecar can be told to let go: " + item.bound
                        : wait ? "waiting for the first answer of another sidecar"
                               : why_none(gateway));
    } else if (wait) {
      waiting_[key] = "waiting for the first answer of a sidecar that may serve it";
    } else {
      problems_[key] = why_none(gateway);
    }
  }
}

Place Placement::of(const VirtualNetworkGateway& gateway) const {
  Place place;
  if (!inputs_.nodes) {
    auto assigned = assign(gateway, inputs_.sidecars);
    if (assigned) {
      place.sidecar = *assigned;
    } else {
      place.problem = assigned.error().message;
    }
    return place;
  }
  const std::string key = key_of(gateway);
  auto text_of = [&](const std::map<std::string, std::string>& texts) {
    auto found = texts.find(key);
    return found == texts.end() ? "" : found->second;
  };
  place.problem = text_of(problems_);
  place.waiting = text_of(waiting_);
  auto found = places_.find(key);
  if (found == places_.end()) return place;
  place.node = found->second.node;
  place.sidecar = sidecars_.by_name(place.node);
  if (place.sidecar == nullptr && place.problem.empty()) {
    const SidecarNode* node = find_node(place.node);
    place.waiting = "waiting for node " + place.node + ": " +
                    (node == nullptr ? fault_of(nullptr) : why_not(*node, nullptr));
  }
  return place;
}

}  // namespace hawser::controller
