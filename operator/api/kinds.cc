#include "operator/api/kinds.h"

#include "operator/api/status.h"

namespace hawser::api {
namespace {

template <typename T>
struct KindOf;
template <>
struct KindOf<VirtualNetwork> : std::integral_constant<Kind, Kind::VirtualNetwork> {};
template <>
struct KindOf<VirtualNetworkGateway> : std::integral_constant<Kind, Kind::VirtualNetworkGateway> {};
template <>
struct KindOf<LocalNetworkGateway> : std::integral_constant<Kind, Kind::LocalNetworkGateway> {};
template <>
struct KindOf<IpsecPolicy> : std::integral_constant<Kind, Kind::IpsecPolicy> {};
template <>
struct KindOf<Connection> : std::integral_constant<Kind, Kind::Connection> {};
template <>
struct KindOf<Secret> : std::integral_constant<Kind, Kind::Secret> {};

}  // namespace

std::string ObjectKey::to_string() const {
  return std::string(row(kind).name) + " " + namespace_ + "/" + name;
}

ObjectKey key_of(const AnyObject& object) {
  return std::visit(
      [](const auto& o) {
        return ObjectKey{KindOf<std::decay_t<decltype(o)>>::value, o.meta.namespace_, o.meta.name};
      },
      object);
}

const ObjectMeta& meta_of(const AnyObject& object) {
  return std::visit([](const auto& o) -> const ObjectMeta& { return o.meta; }, object);
}

const Condition* Status::find(catalog::ConditionType type) const {
  for (const auto& condition : conditions)
    if (condition.type == type) return &condition;
  return nullptr;
}

}  // namespace hawser::api
