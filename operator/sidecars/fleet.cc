#include "operator/sidecars/fleet.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"

namespace hawser::sidecars {
namespace {

bool same(const DesiredEntry& a, const DesiredEntry& b) {
  return a.namespace_ == b.namespace_ && a.name == b.name && a.uid == b.uid && a.revision == b.revision &&
         (a.spec == nullptr) == (b.spec == nullptr);
}

bool same(const Desired& a, const Desired& b) {
  return a.hold_others == b.hold_others &&
         std::ranges::equal(a.entries, b.entries, [](const auto& x, const auto& y) { return same(x, y); });
}

}  // namespace

void Fleet::add(std::string name, std::unique_ptr<SidecarClient> client) {
  CHECK(!members_.contains(name));
  order_.push_back(name);
  members_[std::move(name)].client = std::move(client);
}

// Of several nodes with one address (a node that came back under another name) only one can be there: the one
// whose pod is.
std::vector<const SidecarNode*> Fleet::reachable(const std::vector<SidecarNode>& nodes) {
  std::map<std::string, const SidecarNode*> owners;
  for (const SidecarNode& node : nodes) {
    const SidecarNode*& owner = owners[node.target];
    const auto rank = [](const SidecarNode& n) { return std::pair(n.pod_there, n.pod_ready); };
    if (owner == nullptr || rank(*owner) < rank(node)) owner = &node;
  }
  std::vector<const SidecarNode*> out;
  for (const SidecarNode& node : nodes)
    // Without an address nothing can be said to it yet.
    if (!node.target.empty() && owners[node.target] == &node) out.push_back(&node);
  return out;
}

bool Fleet::follow(const std::vector<SidecarNode>& nodes, const MakeClient& make) {
  if (nodes_ == nodes) return false;
  const std::vector<const SidecarNode*> wanted = reachable(nodes);
  std::map<std::string, Member> before = std::exchange(members_, {});
  order_.clear();
  for (const SidecarNode* node : wanted) {
    order_.push_back(node->name);
    auto old = before.find(node->name);
    if (old == before.end() || old->second.target != node->target) continue;
    members_[node->name] = std::move(old->second);
    before.erase(old);
  }
  // Who ends does so before anybody begins: two of one epoch at one address would push each other out.
  before.clear();
  for (const SidecarNode* node : wanted)
    if (!members_.contains(node->name)) members_[node->name] = {make(*node), node->target, std::nullopt};
  nodes_ = nodes;
  return true;
}

void Fleet::set_desired(const std::string& name, Desired desired) {
  auto member = members_.find(name);
  CHECK(member != members_.end());
  if (member->second.told && same(*member->second.told, desired)) return;
  member->second.told = desired;
  member->second.client->set_desired(std::move(desired));
}

std::vector<SidecarSnapshot> Fleet::snapshots() const {
  std::vector<SidecarSnapshot> all;
  for (const std::string& name : order_) all.push_back(members_.at(name).client->snapshot());
  return all;
}

}  // namespace hawser::sidecars
