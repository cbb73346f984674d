#include "operator/policy/policy.h"
#include "operator/policy/text.h"

namespace hawser::policy {
namespace {

using catalog::Reason;

template <typename Map>
auto find_in(const Map& map, const std::string& namespace_, const std::string& name) -> const
    typename Map::mapped_type* {
  auto it = map.find(api::map_key(namespace_, name));
  return it == map.end() ? nullptr : &it->second;
}

MissingReference missing(Reason reason, std::string field, api::Kind kind, const std::string& name,
                         const std::string& namespace_) {
  return {reason,
          std::move(field),
          std::string(api::row(kind).name) + " " + quoted(name) + " does not exist in namespace " +
              quoted(namespace_) + "; create it or correct the name",
          {kind, namespace_, name}};
}

void resolve_network(const api::ObjectSet& objects, Resolution& out) {
  const auto& gateway = *out.resolved.gateway;
  out.resolved.network = network_of(objects, gateway);
  if (out.resolved.network == nullptr)
    out.missing.push_back(missing(Reason::VirtualNetworkNotFound, "spec.virtualNetworkGatewayRef",
                                  api::Kind::VirtualNetwork, gateway.spec.virtual_network_ref,
                                  gateway.meta.namespace_));
}

void resolve_shared_key(const api::ObjectSet& objects, const api::Connection& connection, Resolution& out) {
  const auto& ref = connection.spec.shared_key_secret_ref;
  const std::string& namespace_ = connection.meta.namespace_;
  const auto* secret = find_in(objects.secrets, namespace_, ref.name);
  if (secret == nullptr) {
    out.missing.push_back(missing(Reason::SecretNotFound, "spec.sharedKeySecretRef.name", api::Kind::Secret,
                                  ref.name, namespace_));
    return;
  }
  auto value = secret->spec.values.find(ref.key);
  if (value == secret->spec.values.end()) {
    out.missing.push_back({Reason::SecretKeyMissing,
                           "spec.sharedKeySecretRef.key",
                           "Secret " + quoted(ref.name) + " has no key " + quoted(ref.key) +
                               "; add it to the Secret or correct the key's name",
                           {api::Kind::Secret, namespace_, ref.name}});
    return;
  }
  out.resolved.shared_key = &value->second;
}

}  // namespace

Resolution resolve(const api::ObjectSet& objects, const api::Connection& connection) {
  Resolution out;
  const std::string& namespace_ = connection.meta.namespace_;
  const auto& spec = connection.spec;
  out.resolved.connection = &connection;
  out.resolved.gateway = gateway_of(objects, connection);
  if (out.resolved.gateway != nullptr)
    resolve_network(objects, out);
  else
    out.missing.push_back(missing(Reason::VirtualNetworkGatewayNotFound, "spec.virtualNetworkGatewayRef",
                                  api::Kind::VirtualNetworkGateway, spec.virtual_network_gateway_ref,
                                  namespace_));
  out.resolved.site = site_of(objects, connection);
  if (out.resolved.site == nullptr)
    out.missing.push_back(missing(Reason::LocalNetworkGatewayNotFound, "spec.localNetworkGatewayRef",
                                  api::Kind::LocalNetworkGateway, spec.local_network_gateway_ref,
                                  namespace_));
  if (spec.ipsec_policy_ref) {
    out.resolved.policy = find_in(objects.ipsec_policies, namespace_, *spec.ipsec_policy_ref);
    if (out.resolved.policy == nullptr)
      out.missing.push_back(missing(Reason::IpsecPolicyNotFound, "spec.ipsecPolicyRef",
                                    api::Kind::IpsecPolicy, *spec.ipsec_policy_ref, namespace_));
  }
  resolve_shared_key(objects, connection, out);
  return out;
}

std::vector<MissingReference> resolve(const api::ObjectSet& objects,
                                      const api::VirtualNetworkGateway& gateway) {
  if (network_of(objects, gateway) != nullptr) return {};
  return {missing(Reason::VirtualNetworkNotFound, "spec.virtualNetworkRef", api::Kind::VirtualNetwork,
                  gateway.spec.virtual_network_ref, gateway.meta.namespace_)};
}

}  // namespace hawser::policy
