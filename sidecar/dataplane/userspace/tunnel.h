#pragma once

#include <memory>
#include <vector>

#include "sidecar/dataplane/node/unique_fd.h"
#include "sidecar/dataplane/userspace/address_filter.h"
#include "sidecar/dataplane/userspace/sa_pair.h"
#include "sidecar/dataplane/userspace/tunnel_counters.h"

namespace hawser::dataplane {

// A connection in the worker: its TUN interface, what may pass, and its pairs of SAs. Worker thread only.
class Tunnel {
 public:
  Tunnel(const TunnelSpec& spec, UniqueFd opened, std::shared_ptr<TunnelCounters> counted)
      : interface(std::move(opened)), counters(std::move(counted)) {
    change(spec);
  }

  void change(const TunnelSpec& spec);
  void add(std::unique_ptr<SaPair> pair) { pairs_.push_back(std::move(pair)); }
  SaPair* find(sa::Spi inbound_spi) const;
  const std::vector<std::unique_ptr<SaPair>>& pairs() const { return pairs_; }
  void activate(SaPair& pair) { pair.activation = ++activations_; }
  void remove(sa::Spi inbound_spi);
  // The one to send on: activated last; with none ever activated, installed last. Null without any.
  SaPair* outbound() const;

  UniqueFd interface;
  std::shared_ptr<TunnelCounters> counters;
  PacketFilter filter;  // the connection's prefixes (contracts, section 6)
  uint32_t mtu = 0;
  uint16_t tcp_mss = 0;  // 0: not clamped
  // ICMP errors that may still be written in the current second: a flood into a dead tunnel gets few answers.
  uint32_t icmp_budget = 0;
  TimePoint icmp_second{};

 private:
  std::vector<std::unique_ptr<SaPair>> pairs_;
  uint64_t activations_ = 0;
};

}  // namespace hawser::dataplane
