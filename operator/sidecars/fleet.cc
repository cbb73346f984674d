#include "operator/sidecars/fleet.h"

#include <utility>

#include "common/base/check.h"

namespace hawser::sidecars {

void Fleet::add(std::string name, std::unique_ptr<SidecarClient> client) {
  CHECK(!clients_.contains(name));
  order_.push_back(name);
  clients_[std::move(name)] = std::move(client);
}

void Fleet::set_desired(const std::string& name, Desired desired) {
  auto client = clients_.find(name);
  CHECK(client != clients_.end());
  client->second->set_desired(std::move(desired));
}

std::vector<SidecarSnapshot> Fleet::snapshots() const {
  std::vector<SidecarSnapshot> all;
  for (const std::string& name : order_) all.push_back(clients_.at(name)->snapshot());
  return all;
}

}  // namespace hawser::sidecars
