#include "tests/sim/simulation.h"

#include <algorithm>
#include <cstdio>

namespace hawser::sim {
namespace {

constexpr TimePoint kStart = TimePoint(std::chrono::hours(1));
// More wake-ups than that without the clock moving: somebody asks for a time that has passed, again and
// again.
constexpr int kMaxStepsAtOneMoment = 20000;

void append_all(std::vector<std::string>& out, const std::string& prefix,
                const std::vector<std::string>& more) {
  for (const auto& text : more) out.push_back(prefix + text);
}

}  // namespace

ike::ConnectionView SimPeer::view() const {
  auto all = endpoint->snapshot();
  CHECK(all.size() == 1);
  return all[0];
}

bool SimPeer::up() const {
  auto all = endpoint->snapshot();
  return all.size() == 1 && !all[0].ike_sas.empty() && !all[0].child_sas.empty();
}

Simulation::Simulation(uint64_t seed, const crypto::Context& context)
    : network(seed), seed_(seed), context_(context), now_(kStart), next_traffic_(kStart), last_ike_(kStart) {}

Simulation::~Simulation() = default;

SimPeer& Simulation::add_peer(std::string name, const IpAddress& address, ike::EndpointConfig config) {
  auto peer = std::make_unique<SimPeer>();
  peer->name = std::move(name);
  peer->address = address;
  peer->config = config;
  peer->seed = seed_ * 1000 + peers_.size() + 1;
  start(*peer);
  peers_.push_back(std::move(peer));
  return *peers_.back();
}

void Simulation::start(SimPeer& peer) {
  peer.endpoint.reset();
  peer.random = std::make_unique<crypto::SeededRandom>(peer.seed);
  peer.jitter = std::make_unique<SeededJitter>(peer.seed);
  peer.endpoint = std::make_unique<ike::Endpoint>(peer.config, context_, *peer.random, *peer.jitter);
  peer.seed += 100;
}

void Simulation::crash_and_restart(SimPeer& peer) {
  start(peer);
  append_all(violations_, peer.name + ": ", peer.plane.violations());
  peer.plane = VirtualDataPlane();
}

std::string Simulation::clock_text() const {
  char text[32];
  std::snprintf(text, sizeof text, "%10.6f", std::chrono::duration<double>(now_ - kStart).count());
  return text;
}

void Simulation::transmit(SimPeer& peer, ike::Datagram datagram) {
  if (datagram.local.address.is_unspecified()) datagram.local.address = peer.address;
  if (datagram.local.address != peer.address)
    violations_.push_back(peer.name + " sends from another's address");
  audit_.observe(peer.name, datagram.payload);
  if (datagram.payload.size() > 1) {
    ++ike_messages_;
    last_ike_ = now_;
  }
  transcript_.push_back(clock_text() + " " + peer.name + " " + datagram.local.to_string() + " > " +
                        datagram.remote.to_string() + " " + describe(datagram.payload) + " | " +
                        to_hex(datagram.payload));
  network.send(now_, {datagram.local, datagram.remote, std::move(datagram.payload)});
}

// Actions before transmits: a Child SA is installed before the message that lets the peer use it leaves.
void Simulation::drain(SimPeer& peer) {
  for (bool busy = true; busy;) {
    busy = false;
    while (auto action = peer.endpoint->poll_action()) peer.plane.perform(std::move(*action));
    while (auto datagram = peer.endpoint->poll_transmit()) transmit(peer, std::move(*datagram));
    while (auto event = peer.endpoint->poll_event()) peer.events.push_back(std::move(*event));
    while (auto event = peer.plane.poll_event()) {
      peer.endpoint->handle_dataplane(now_, *event);
      busy = true;
    }
  }
}

SimPeer* Simulation::peer_at(const IpAddress& address) {
  for (const auto& peer : peers_)
    if (peer->address == address) return peer.get();
  return nullptr;
}

void Simulation::deliver(const Packet& packet) {
  SimPeer* receiver = peer_at(packet.to.address);
  if (receiver == nullptr || !receiver->present) return;
  if (const Bytes* ike = packet.ike()) {
    receiver->endpoint->handle_datagram(now_, {packet.to, packet.from, *ike});
  } else {
    std::string why = receiver->plane.receive(now_, *packet.esp());
    // Two hosts: what one receives, the other has sent.
    SimPeer& sender = *peers_[receiver == peers_[0].get() ? 1 : 0];
    if (why.empty())
      ++sender.traffic.delivered;
    else
      sender.traffic.lost.push_back(clock_text() + " " + sender.name + "'s packet " +
                                    std::to_string(packet.esp()->number) + ": " + why);
  }
  drain(*receiver);
}

void Simulation::send_traffic() {
  for (const auto& peer : peers_) {
    if (!peer->present) continue;
    auto packet = peer->plane.send(now_, peer->connection, ++packet_number_, packet_octets);
    if (packet) {
      ++peer->traffic.sent;
      if (packet->from.address.is_unspecified()) packet->from.address = peer->address;
      network.send(now_, std::move(*packet));
    } else {
      ++peer->traffic.blocked;
    }
    drain(*peer);
  }
}

std::optional<TimePoint> Simulation::next_moment() const {
  std::optional<TimePoint> first = network.next_arrival();
  auto earlier = [&](std::optional<TimePoint> other) {
    if (other && (!first || *other < *first)) first = other;
  };
  for (const auto& peer : peers_)
    if (peer->present) earlier(peer->endpoint->next_timeout());
  if (traffic_interval > Duration::zero()) earlier(next_traffic_);
  return first;
}

void Simulation::step(TimePoint moment) {
  steps_at_now_ = moment > now_ ? 0 : steps_at_now_ + 1;
  if (steps_at_now_ == kMaxStepsAtOneMoment)
    violations_.push_back(clock_text() + ": the clock does not move");
  now_ = std::max(now_, moment);
  while (auto packet = network.poll(now_)) deliver(*packet);
  for (const auto& peer : peers_) {
    auto due = peer->endpoint->next_timeout();
    if (!peer->present || !due || *due > now_) continue;
    peer->endpoint->handle_timeout(now_);
    drain(*peer);
  }
  if (traffic_interval > Duration::zero() && next_traffic_ <= now_) {
    next_traffic_ = now_ + traffic_interval;
    send_traffic();
  }
}

bool Simulation::run_until(const std::function<bool()>& condition, Duration limit) {
  TimePoint deadline = now_ + limit;
  if (next_traffic_ < now_) next_traffic_ = now_;
  while (!condition()) {
    auto moment = next_moment();
    if (!moment || *moment > deadline || steps_at_now_ >= kMaxStepsAtOneMoment) {
      now_ = deadline;
      return condition();
    }
    step(*moment);
  }
  return true;
}

void Simulation::run_for(Duration duration) {
  run_until([] { return false; }, duration);
}

bool Simulation::settle(Duration limit, Duration quiet) {
  last_ike_ = now_;
  TimePoint deadline = now_ + limit;
  while (now_ < deadline) {
    TimePoint before = last_ike_;
    run_until([&] { return last_ike_ != before; }, std::max(Duration::zero(), last_ike_ + quiet - now_));
    if (last_ike_ == before && !network.ike_under_way()) return true;
  }
  return false;
}

std::vector<std::string> Simulation::violations() const {
  std::vector<std::string> out = violations_;
  append_all(out, "", audit_.violations());
  for (const auto& peer : peers_) append_all(out, peer->name + ": ", peer->plane.violations());
  return out;
}

std::string Simulation::tail(size_t lines) const {
  std::string out = "seed " + std::to_string(seed_) + "\n";
  for (size_t i = transcript_.size() > lines ? transcript_.size() - lines : 0; i < transcript_.size(); ++i)
    out += transcript_[i].substr(0, transcript_[i].find(" | ")) + "\n";
  return out;
}

}  // namespace hawser::sim
