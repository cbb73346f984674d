#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/crypto/context.h"
#include "sidecar/ike/endpoint.h"
#include "tests/sim/audit.h"
#include "tests/sim/data_plane.h"
#include "tests/sim/network.h"

namespace hawser::sim {

// What became of the numbered packets of one direction.
struct TrafficCount {
  uint64_t sent = 0;
  uint64_t delivered = 0;
  uint64_t blocked = 0;           // not sent: no pair to send on (before the tunnel is up, or in a gap)
  std::vector<std::string> lost;  // sent and not opened: when, and why
};

// One host: an engine, its data plane, its address. Owned by a Simulation.
struct SimPeer {
  std::string name;
  IpAddress address;
  ike::EndpointConfig config;
  uint64_t seed = 0;
  bool present = true;  // false: the host is off; what arrives is lost
  sa::ConnectionName connection = "test/tunnel";

  std::unique_ptr<crypto::SeededRandom> random;
  std::unique_ptr<SeededJitter> jitter;
  std::unique_ptr<ike::Endpoint> endpoint;
  VirtualDataPlane plane;
  std::vector<ike::Event> events;
  TrafficCount traffic;  // of the packets this peer sends

  // The only connection; REQUIRES: there is one.
  ike::ConnectionView view() const;
  // An IKE SA and a Child SA.
  bool up() const;
};

// Hosts on one network under one virtual clock. Everything happens in step(): nothing here sleeps or reads a
// clock.
class Simulation {
 public:
  // `context` may be shared by simulations; only one of its own makes key generation, and so the octets,
  // repeat.
  Simulation(uint64_t seed, const crypto::Context& context);
  ~Simulation();

  SimNetwork network;
  // Each peer with a tunnel sends a packet of `packet_octets` to its peer every `traffic_interval`; zero:
  // none.
  Duration traffic_interval{};
  size_t packet_octets = 100;

  SimPeer& add_peer(std::string name, const IpAddress& address, ike::EndpointConfig config);
  // The process dies without a word, and starts again with no memory.
  void crash_and_restart(SimPeer& peer);

  // Calls the endpoint, then performs what it wants done.
  template <typename Call>
  auto act(SimPeer& peer, Call call) {
    Drain drain{*this, peer};
    return call(*peer.endpoint);
  }

  TimePoint now() const { return now_; }
  void run_for(Duration duration);
  // False when the limit came first.
  bool run_until(const std::function<bool()>& condition, Duration limit);
  // Until no IKE message was sent for `quiet`.
  bool settle(Duration limit, Duration quiet = std::chrono::seconds(12));

  // Everything that was wrong so far: of the audit, the data planes and the clock.
  std::vector<std::string> violations() const;
  uint64_t ike_messages() const { return ike_messages_; }
  // A line for each IKE message sent, with its octets: equal runs have equal transcripts.
  const std::vector<std::string>& transcript() const { return transcript_; }
  // The last lines, without octets: for failing tests.
  std::string tail(size_t lines = 60) const;

 private:
  struct Drain {
    Simulation& simulation;
    SimPeer& peer;
    ~Drain() { simulation.drain(peer); }
  };
  void start(SimPeer& peer);
  void drain(SimPeer& peer);
  void transmit(SimPeer& peer, ike::Datagram datagram);
  void deliver(const Packet& packet);
  void send_traffic();
  std::optional<TimePoint> next_moment() const;
  void step(TimePoint moment);
  SimPeer* peer_at(const IpAddress& address);
  std::string clock_text() const;

  uint64_t seed_;
  const crypto::Context& context_;
  TimePoint now_;
  TimePoint next_traffic_;
  TimePoint last_ike_;
  std::vector<std::unique_ptr<SimPeer>> peers_;
  WireAudit audit_;
  std::vector<std::string> transcript_;
  std::vector<std::string> violations_;
  uint64_t ike_messages_ = 0;
  uint64_t packet_number_ = 0;
  int steps_at_now_ = 0;
};

}  // namespace hawser::sim
