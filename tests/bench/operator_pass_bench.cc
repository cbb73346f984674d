// One pass of the operator over many objects: each rule, all of them, and the whole judgement, first and in
// the steady state.    operator_pass_bench [CONNECTIONS [POLICIES [GATEWAYS [SIDECARS [PREFIXES]]]]]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "operator/controller/decide.h"
#include "operator/policy/rules.h"

namespace hawser {
namespace {

struct Size {
  size_t connections = 10000, policies = 2000, gateways = 500, sidecars = 1, prefixes = 4;
};

template <typename Object>
Object& add(std::map<std::string, Object>& objects, const std::string& name) {
  Object& object = objects["default/" + name];
  object.meta = {"default", name, "uid-" + name, 1, "2026-01-01T00:00:00Z"};
  return object;
}

std::string prefix(uint32_t address, int length) {
  return IpAddress::v4(address).to_string() + "/" + std::to_string(length);
}

void add_gateway(api::ObjectSet& objects, uint32_t i) {
  const std::string number = std::to_string(i);
  const uint32_t network = 0x0a000000 + (i << 8);  // 10.0.0.0/24 and on
  auto& vnet = add(objects.virtual_networks, "network-" + number);
  vnet.spec.address_prefixes = {prefix(network, 24)};
  vnet.spec.subnets = {{"FrontEnd", prefix(network, 25)}, {"GatewaySubnet", prefix(network + 128, 27)}};
  auto& gateway = add(objects.virtual_network_gateways, "gateway-" + number);
  gateway.spec.virtual_network_ref = "network-" + number;
  gateway.spec.public_ip_address = IpAddress::v4(0xc6120000 + i).to_string();  // 198.18.0.0/15
}

void add_connection(api::ObjectSet& objects, uint32_t i, const Size& size) {
  const std::string number = std::to_string(i);
  auto& site = add(objects.local_network_gateways, "site-" + number);
  site.spec.gateway_ip_address = IpAddress::v4(0xcb000001 + i).to_string();
  for (uint32_t k = 0; k < size.prefixes; ++k)  // 100.64.0.0/10
    site.spec.address_prefixes.push_back(prefix(0x64400000 + ((i * 64 + k) << 2), 30));
  auto& secret = add(objects.secrets, "key-" + number);
  secret.spec.values["psk"] = SecretBytes(as_bytes("key-of-" + number));
  auto& connection = add(objects.connections, "connection-" + number);
  connection.spec.virtual_network_gateway_ref = "gateway-" + std::to_string(i % size.gateways);
  connection.spec.local_network_gateway_ref = "site-" + number;
  connection.spec.shared_key_secret_ref.name = "key-" + number;
  connection.spec.ipsec_policy_ref = "policy-" + std::to_string(i % size.policies);
}

api::ObjectSet make_objects(const Size& size) {
  api::ObjectSet objects;
  for (uint32_t i = 0; i < size.gateways; ++i) add_gateway(objects, i);
  for (uint32_t i = 0; i < size.policies; ++i)
    add(objects.ipsec_policies, "policy-" + std::to_string(i)).spec = {
        "AES256", "SHA384", "ECP384", "GCMAES256", "GCMAES256", "PFS2048", 27000, 102400000};
  for (uint32_t i = 0; i < size.connections; ++i) add_connection(objects, i, size);
  return objects;
}

template <typename Work>
double milliseconds(Work work) {
  // Of this process, whatever else runs beside it.
  const std::clock_t started = std::clock();
  work();
  return 1000.0 * static_cast<double>(std::clock() - started) / CLOCKS_PER_SEC;
}

void measure_rules(const api::ObjectSet& objects, const policy::AcceptedObjects& accepted) {
  const policy::RuleInput input{objects, accepted};
  std::vector<std::pair<double, std::string>> spent;
  for (const auto& rule : policy::rules())
    spent.emplace_back(milliseconds([&] { rule.check(input); }), rule.id);
  std::ranges::sort(spent, std::greater<>());
  for (size_t i = 0; i < 5; ++i) std::printf("  %-6s %7.2f ms\n", spent[i].second.c_str(), spent[i].first);
  size_t found = 0;
  const double all = milliseconds([&] { found = policy::validate(objects, accepted).size(); });
  std::printf("validate %7.1f ms, %zu findings\n", all, found);
}

// What a pass begins with; `nodes` and sidecars as in a cluster when there are several.
std::vector<sidecars::SidecarSnapshot> make_sidecars(const Size& size) {
  std::vector<sidecars::SidecarSnapshot> out(size.sidecars);
  for (size_t i = 0; i < out.size(); ++i) {
    out[i].name = out[i].node = "node-" + std::to_string(i);
    out[i].state = sidecars::LinkState::Connected;
    out[i].status_known = true;
  }
  return out;
}

std::optional<std::vector<sidecars::SidecarNode>> make_nodes(const Size& size) {
  if (size.sidecars == 1) return std::nullopt;
  std::vector<sidecars::SidecarNode> out(size.sidecars);
  for (size_t i = 0; i < out.size(); ++i) {
    out[i].name = "node-" + std::to_string(i);
    out[i].pod_there = out[i].pod_ready = out[i].node_known = out[i].node_ready = true;
  }
  return out;
}

// What the sidecars answer to a decision.
void answer(const controller::Decision& decision, std::vector<sidecars::SidecarSnapshot>& all) {
  for (auto& sidecar : all) {
    sidecar.generation = sidecar.applied_generation = 1;
    for (const auto& entry : decision.desired.at(sidecar.name).entries) {
      const std::string name = api::map_key(entry.namespace_, entry.name);
      sidecar.acked[name] = {entry.revision, "OK", "", ""};
      auto& status = sidecar.statuses[name];
      status.set_namespace_(entry.namespace_);
      status.set_name(entry.name);
    }
  }
}

void measure_passes(std::shared_ptr<const store::SourceSnapshot> source, const Size& size) {
  controller::Statuses statuses;
  controller::Memory memory;
  auto sidecars = make_sidecars(size);
  for (const char* pass : {"first", "second", "third", "fourth"}) {
    const controller::Inputs inputs{source, statuses, memory, sidecars, make_nodes(size)};
    controller::Decision decision;
    const double spent = milliseconds([&] { decision = controller::decide(inputs, {}); });
    std::printf("decide, %s pass %7.1f ms, %zu statuses, %zu notices\n", pass, spent,
                decision.statuses.size(), decision.notices.size());
    answer(decision, sidecars);
    statuses = std::move(decision.statuses);
    memory = std::move(decision.memory);
  }
}

}  // namespace
}  // namespace hawser

int main(int argc, char** argv) {
  hawser::Size size;
  size_t* const fields[] = {&size.connections, &size.policies, &size.gateways, &size.sidecars,
                            &size.prefixes};
  for (int i = 1; i < argc && i <= 5; ++i) *fields[i - 1] = std::max(1L, std::atol(argv[i]));
  auto source = std::make_shared<hawser::store::SourceSnapshot>();
  source->objects = hawser::make_objects(size);
  std::printf("%zu connections, %zu policies, %zu gateways, %zu sidecars\n", size.connections, size.policies,
              size.gateways, size.sidecars);
  hawser::measure_rules(source->objects, {});
  hawser::measure_passes(source, size);
  return 0;
}
