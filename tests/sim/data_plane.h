#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sidecar/sa/dataplane_action.h"
#include "tests/sim/network.h"

namespace hawser::sim {

// A pair of ESP SAs as installed, and what was reported of it.
struct SimPair {
  sa::ChildSaSpec spec;
  uint64_t inbound_octets = 0, outbound_octets = 0;
  bool first_inbound_reported = false, soft_reported = false, hard_reported = false;
  std::optional<TimePoint> inbound_reported, outbound_reported;
};

std::string suite_name(const sa::ChildSuite& suite);
Bytes key_octets(const sa::ChildKeys& keys);

// A data plane without packets' contents: does exactly what the actions of sidecar/sa say, tells what the
// events there promise, and keeps a list of what no engine may ask (violations).
class VirtualDataPlane {
 public:
  void perform(sa::DataPlaneAction action);
  // Fails every further InstallChildSa with InstallFailed.
  void refuse_installs(bool refuse) { refuse_ = refuse; }

  // Seals one inner packet on the connection's outbound pair; nothing when there is none, or its hard limit
  // is reached.
  std::optional<Packet> send(TimePoint now, const sa::ConnectionName& connection, uint64_t number,
                             size_t octets);
  // Empty when the packet was opened, else why not.
  std::string receive(TimePoint now, const EspPacket& packet);

  std::optional<sa::DataPlaneEvent> poll_event();

  const std::map<sa::Spi, SimPair>& pairs() const { return pairs_; }
  std::optional<sa::Spi> outbound_pair(const sa::ConnectionName& connection) const;
  const std::vector<std::string>& violations() const { return violations_; }
  size_t installs() const { return installs_; }

 private:
  void install(sa::ChildSaSpec spec);
  void count(TimePoint now, SimPair& pair, uint64_t& counter, size_t octets);
  void violation(std::string text) { violations_.push_back(std::move(text)); }

  std::map<sa::Spi, SimPair> pairs_;                // by inbound SPI
  std::map<sa::ConnectionName, sa::Spi> outbound_;  // inbound SPI of the pair that sends
  std::deque<sa::DataPlaneEvent> events_;
  std::vector<std::string> violations_;
  size_t installs_ = 0;
  bool refuse_ = false;
};

}  // namespace hawser::sim
