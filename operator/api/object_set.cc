#include "operator/api/object_set.h"

namespace hawser::api {
namespace {

auto& map_of(ObjectSet& set, const VirtualNetwork&) { return set.virtual_networks; }
auto& map_of(ObjectSet& set, const VirtualNetworkGateway&) { return set.virtual_network_gateways; }
auto& map_of(ObjectSet& set, const LocalNetworkGateway&) { return set.local_network_gateways; }
auto& map_of(ObjectSet& set, const IpsecPolicy&) { return set.ipsec_policies; }
auto& map_of(ObjectSet& set, const Connection&) { return set.connections; }
auto& map_of(ObjectSet& set, const Secret&) { return set.secrets; }

template <typename Map>
const Positions* find(const Map& map, const ObjectKey& key) {
  auto it = map.find(map_key(key.namespace_, key.name));
  return it == map.end() ? nullptr : &it->second.positions;
}

}  // namespace

bool insert(ObjectSet& objects, AnyObject& object) {
  return std::visit(
      [&](auto& o) {
        std::string key = map_key(o.meta.namespace_, o.meta.name);
        return map_of(objects, o).try_emplace(std::move(key), std::move(o)).second;
      },
      object);
}

const Positions* positions_of(const ObjectSet& objects, const ObjectKey& key) {
  switch (key.kind) {
    case Kind::VirtualNetwork:
      return find(objects.virtual_networks, key);
    case Kind::VirtualNetworkGateway:
      return find(objects.virtual_network_gateways, key);
    case Kind::LocalNetworkGateway:
      return find(objects.local_network_gateways, key);
    case Kind::IpsecPolicy:
      return find(objects.ipsec_policies, key);
    case Kind::Connection:
      return find(objects.connections, key);
    case Kind::Secret:
      return find(objects.secrets, key);
  }
  return nullptr;
}

bool contains(const ObjectSet& objects, const ObjectKey& key) {
  return positions_of(objects, key) != nullptr;
}

Position position_of(const Positions& positions, std::string_view field_path) {
  for (;;) {
    if (auto it = positions.find(field_path); it != positions.end()) return it->second;
    if (field_path.empty()) return {};
    const size_t cut = field_path.find_last_of(".[");
    field_path = cut == std::string_view::npos ? std::string_view() : field_path.substr(0, cut);
  }
}

}  // namespace hawser::api
