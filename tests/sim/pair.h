#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/simulation.h"

namespace hawser::sim {

struct Suite {
  sa::IkeSuite ike;
  sa::ChildSuite child;
  friend bool operator==(const Suite&, const Suite&) = default;
};

// By the names of a policy; `esp_integrity` is empty with an AEAD.
Suite suite_of(std::string_view ike_encryption, std::string_view ike_integrity, std::string_view group,
               std::string_view esp_encryption, std::string_view esp_integrity, std::string_view pfs);
// Cheap to compute.
Suite quick_suite();

enum class Side { A, B };

struct PairOptions {
  uint64_t seed = 1;
  ike::EndpointConfig endpoint = {};
  Suite suite = quick_suite();
  Duration traffic = std::chrono::milliseconds(20);  // numbered packets both ways; zero: none
  bool nat_a = false, nat_b = false;
  bool forward_ports = false;                // of both NATs
  const crypto::Context* context = nullptr;  // shared; null: one of its own, of the same seed
};

// Two sites with a tunnel between them, A at 192.0.2.1 and B at 198.51.100.2 (203.0.113.x outside of a NAT).
class Pair {
 public:
  explicit Pair(PairOptions options);

  // A's and B's configuration as the options say: A initiates, B waits.
  ike::PeerConfig config_a() const;
  ike::PeerConfig config_b() const;
  void apply(SimPeer& peer, ike::PeerConfig config, ike::Impact impact = ike::Impact::Recreate);
  // Both configurations, B's first; true when both are up within the limit.
  bool establish(Duration limit = std::chrono::seconds(10));
  bool both_up() const { return a.up() && b.up(); }

  SimPeer& side(Side s) { return s == Side::A ? a : b; }

  // What is wrong when nothing more happens: not exactly one IKE SA and one Child pair on both sides, or not
  // the same ones, or keys that differ, or anything the audit saw.
  std::vector<std::string> at_rest() const;
  // Packets lost on the way or held back for want of a pair, since the tunnel was up on both sides.
  std::vector<std::string> lost_packets() const;
  // From here on lost_packets() counts.
  void mark_traffic();

 private:
  std::unique_ptr<crypto::Context> own_context_;
  PairOptions options_;
  uint64_t blocked_a_ = 0, blocked_b_ = 0;
  size_t lost_a_ = 0, lost_b_ = 0;

 public:
  Simulation sim;
  SimPeer& a;
  SimPeer& b;
};

// The last failure of a kind that a peer reported, if any.
const ike::Failure* last_failure(const SimPeer& peer);
// How many events of a type a peer reported.
template <typename T>
size_t count_events(const SimPeer& peer) {
  size_t out = 0;
  for (const auto& event : peer.events) out += std::holds_alternative<T>(event) ? 1 : 0;
  return out;
}

}  // namespace hawser::sim
