#include "sidecar/agent/spec_config.h"

#include <algorithm>

#include "common/catalog/algorithms.h"

namespace hawser::agent {
namespace {

ike::Mode to_mode(v1::ConnectionMode mode) {
  switch (mode) {
    case v1::CONNECTION_MODE_INITIATOR_ONLY:
      return ike::Mode::InitiatorOnly;
    case v1::CONNECTION_MODE_RESPONDER_ONLY:
      return ike::Mode::ResponderOnly;
    default:
      return ike::Mode::Default;
  }
}

template <typename Texts>
std::vector<IpPrefix> to_prefixes(const Texts& texts) {
  std::vector<IpPrefix> out;
  for (const auto& text : texts) {
    if (auto prefix = IpPrefix::parse(text)) out.push_back(*prefix);
  }
  std::ranges::sort(out);
  return out;
}

bool any_v6(const std::vector<IpPrefix>& prefixes) {
  return std::ranges::any_of(prefixes, [](const IpPrefix& p) { return p.version() == IpVersion::V6; });
}

std::optional<ike::Identity> local_identity(const v1::ConnectionSpec& spec) {
  if (!spec.local_identity().empty()) return ike::Identity::parse(spec.local_identity());
  if (spec.local_address().empty()) return std::nullopt;
  return ike::Identity::parse(spec.local_address());
}

}  // namespace

ike::PeerConfig to_peer_config(const sa::ConnectionName& name, const v1::ConnectionSpec& spec,
                               const SecretBytes& key, const IpAddress& source) {
  const auto& policy = spec.policy();
  auto remote = IpAddress::parse(spec.remote_address());
  CHECK(remote.has_value());
  ike::PeerConfig out;
  out.name = name;
  out.local_address = source;
  out.remote_address = *remote;
  out.local_identity = local_identity(spec);
  if (!spec.remote_identity().empty()) out.remote_identity = ike::Identity::parse(spec.remote_identity());
  out.shared_key = key.clone();
  out.ike_suite = {catalog::find_ike_encryption(policy.ike_encryption()),
                   catalog::find_ike_integrity(policy.ike_integrity()),
                   catalog::find_group(std::string_view(policy.dh_group()))};
  out.child_suite.encryption = catalog::find_esp_encryption(policy.ipsec_encryption());
  CHECK(out.child_suite.encryption != nullptr);
  if (!out.child_suite.encryption->aead()) {
    out.child_suite.integrity = catalog::find_esp_integrity(policy.ipsec_integrity());
  }
  out.child_suite.pfs = catalog::find_pfs_group(policy.pfs_group());
  out.mode = to_mode(spec.mode());
  out.ipv6_selectors =
      any_v6(to_prefixes(spec.local_prefixes())) && any_v6(to_prefixes(spec.remote_prefixes()));
  out.child_lifetime = std::chrono::seconds(policy.sa_life_time_seconds());
  out.child_bytes = uint64_t{policy.sa_data_size_kilobytes()} * 1024;
  out.dpd_timeout = std::chrono::seconds(spec.dpd_timeout_seconds());
  return out;
}

dataplane::TunnelSpec to_tunnel(const sa::ConnectionName& name, const v1::ConnectionSpec& spec) {
  dataplane::TunnelSpec out;
  out.connection = name;
  out.local_prefixes = to_prefixes(spec.local_prefixes());
  out.remote_prefixes = to_prefixes(spec.remote_prefixes());
  return out;
}

}  // namespace hawser::agent
