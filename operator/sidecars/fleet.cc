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

bool Fleet::follow(const std::vector<SidecarNode>& nodes, const MakeClient& make) {
  if (nodes_ == nodes) return false;
  std::map<std::string, Member> before = std::exchange(members_, {});
  order_.clear();
  for (const SidecarNode& node : nodes) {
    // Nothing can be said to it yet.
    if (node.target.empty()) continue;
    auto old = before.find(node.name);
    Member& member = members_[node.name];
    order_.push_back(node.name);
    if (old != before.end() && old->second.target == node.target) {
      member = std::move(old->second);
    } else {
      // The old one ends first: two of one epoch would push each other out.
      if (old != before.end()) old->second.client.reset();
      member = {make(node), node.target, std::nullopt};
    }
  }
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
