#include "sidecar/dataplane/userspace/tunnel.h"

#include <algorithm>

namespace hawser::dataplane {
void Tunnel::change(const TunnelSpec& spec) {
  filter = {.local = AddressFilter(std::span<const IpPrefix>(spec.local_prefixes)),
            .remote = AddressFilter(std::span<const IpPrefix>(spec.remote_prefixes))};
  mtu = spec.mtu;
  tcp_mss = spec.tcp_mss;
}

SaPair* Tunnel::find(sa::Spi inbound_spi) const {
  auto it =
      std::ranges::find_if(pairs_, [&](const auto& pair) { return pair->inbound_spi() == inbound_spi; });
  return it == pairs_.end() ? nullptr : it->get();
}

void Tunnel::remove(sa::Spi inbound_spi) {
  std::erase_if(pairs_, [&](const auto& pair) { return pair->inbound_spi() == inbound_spi; });
}

SaPair* Tunnel::outbound() const {
  SaPair* best = nullptr;
  for (const auto& pair : pairs_)
    if (best == nullptr || pair->activation >= best->activation) best = pair.get();
  return best;
}

}  // namespace hawser::dataplane
