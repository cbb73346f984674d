#include "operator/store/clone.h"

#include <type_traits>
#include <utility>

namespace hawser::store {
namespace {

api::Secret clone_secret(const api::Secret& secret) {
  api::Secret copy;
  copy.meta = secret.meta;
  copy.positions = secret.positions;
  for (const auto& [key, value] : secret.spec.values) copy.spec.values.emplace(key, value.clone());
  return copy;
}

auto& map_of(api::ObjectSet& set, const api::VirtualNetwork&) { return set.virtual_networks; }
auto& map_of(api::ObjectSet& set, const api::VirtualNetworkGateway&) { return set.virtual_network_gateways; }
auto& map_of(api::ObjectSet& set, const api::LocalNetworkGateway&) { return set.local_network_gateways; }
auto& map_of(api::ObjectSet& set, const api::IpsecPolicy&) { return set.ipsec_policies; }
auto& map_of(api::ObjectSet& set, const api::Connection&) { return set.connections; }
auto& map_of(api::ObjectSet& set, const api::Secret&) { return set.secrets; }

}  // namespace

api::AnyObject clone(const api::AnyObject& object) {
  return std::visit(
      [](const auto& value) -> api::AnyObject {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, api::Secret>) {
          return clone_secret(value);
        } else {
          return value;
        }
      },
      object);
}

api::ObjectSet clone(const api::ObjectSet& set) {
  api::ObjectSet copy;
  copy.virtual_networks = set.virtual_networks;
  copy.virtual_network_gateways = set.virtual_network_gateways;
  copy.local_network_gateways = set.local_network_gateways;
  copy.ipsec_policies = set.ipsec_policies;
  copy.connections = set.connections;
  for (const auto& [key, secret] : set.secrets) copy.secrets.emplace(key, clone_secret(secret));
  return copy;
}

void insert(api::ObjectSet& set, api::AnyObject object) {
  std::visit(
      [&](auto&& value) {
        std::string key = api::map_key(value.meta.namespace_, value.meta.name);
        const bool inserted = map_of(set, value).emplace(std::move(key), std::move(value)).second;
        CHECK(inserted);
      },
      std::move(object));
}

}  // namespace hawser::store
