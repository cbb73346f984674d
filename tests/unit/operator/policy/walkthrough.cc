#include "tests/unit/operator/policy/walkthrough.h"

namespace hawser::policy {

api::ObjectSet walkthrough() {
  api::ObjectSet out;
  auto& network = out.virtual_networks["default/testvnet1"];
  network.meta.name = "testvnet1";
  network.spec.address_prefixes = {"10.11.0.0/16", "10.12.0.0/16"};
  network.spec.subnets = {
      {"FrontEnd", "10.11.0.0/24"}, {"Backend", "10.12.0.0/24"}, {"GatewaySubnet", "10.12.255.0/27"}};
  auto& gateway = out.virtual_network_gateways["default/vnet1gw"];
  gateway.meta.name = "vnet1gw";
  gateway.spec.virtual_network_ref = "testvnet1";
  gateway.spec.sku = "VpnGw1";
  gateway.spec.public_ip_address = "192.0.2.10";
  auto& site = out.local_network_gateways["default/site6"];
  site.meta.name = "site6";
  site.spec.gateway_ip_address = "131.107.72.22";
  site.spec.address_prefixes = {"10.61.0.0/16", "10.62.0.0/16"};
  auto& policy = out.ipsec_policies["default/ipsecpolicy6"];
  policy.meta.name = "ipsecpolicy6";
  policy.spec = {"AES128", "SHA1", "DHGroup14", "AES256", "SHA256", "none", 14400, 102400000};
  auto& connection = out.connections["default/vnet1tosite6"];
  connection.meta.name = "vnet1tosite6";
  connection.spec.virtual_network_gateway_ref = "vnet1gw";
  connection.spec.local_network_gateway_ref = "site6";
  connection.spec.ipsec_policy_ref = "ipsecpolicy6";
  connection.spec.shared_key_secret_ref = {"site6-psk", "psk"};
  auto& secret = out.secrets["default/site6-psk"];
  secret.meta.name = "site6-psk";
  secret.spec.values["psk"] = SecretBytes(as_bytes("Azs123"));
  return out;
}

std::vector<std::string> broken_rules(const api::ObjectSet& objects, const AcceptedObjects& accepted) {
  std::vector<std::string> out;
  for (const auto& violation : validate(objects, accepted))
    if (violation.severity == Severity::Refuse) out.push_back(violation.rule);
  return out;
}

}  // namespace hawser::policy
