#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/ike/endpoint.h"

namespace hawser::ike {

// Two endpoints and the wire between them: the least that shows the engine at work. tests/sim has the real
// one.
struct Side {
  std::string name;
  IpAddress address;
  std::unique_ptr<crypto::Context> context;
  std::unique_ptr<crypto::SeededRandom> random;
  std::unique_ptr<SeededJitter> jitter;
  std::unique_ptr<Endpoint> endpoint;
  std::vector<sa::DataPlaneAction> actions;
  std::vector<Event> events;
  // What a data plane would hold: inbound SPI to outbound SPI, and the pair that it sends on.
  std::map<sa::Spi, sa::ChildSaSpec> installed;
  sa::Spi sends_on;

  ConnectionView view() const { return endpoint->snapshot().front(); }
};

inline sa::IkeSuite ike_suite(std::string_view encryption, std::string_view integrity,
                              std::string_view group) {
  return {catalog::find_ike_encryption(encryption), catalog::find_ike_integrity(integrity),
          catalog::find_group(group)};
}
inline sa::ChildSuite child_suite(std::string_view encryption, std::string_view integrity,
                                  std::string_view pfs) {
  return {catalog::find_esp_encryption(encryption), catalog::find_esp_integrity(integrity),
          catalog::find_pfs_group(pfs)};
}

class Pair {
 public:
  explicit Pair(uint64_t seed = 1, EndpointConfig config = {}) {
    make(left, "left", "192.0.2.1", seed * 2, config);
    make(right, "right", "198.51.100.1", seed * 2 + 1, config);
  }

  static PeerConfig peer(const Side& self, const Side& other) {
    PeerConfig out;
    out.name = "default/to-" + other.name;
    out.local_address = self.address;
    out.remote_address = other.address;
    out.shared_key = SecretBytes(as_bytes("Azs123"));
    out.ike_suite = ike_suite("AES256", "SHA384", "ECP384");
    out.child_suite = child_suite("GCMAES256", "", "ECP384");
    return out;
  }
  void apply(Side& self, PeerConfig config, Impact impact = Impact::None) {
    ASSERT_TRUE(self.endpoint->apply(now, std::move(config), impact));
    drain(self);
  }
  void apply_both() {
    apply(left, peer(left, right));
    apply(right, peer(right, left));
  }
  void apply_left_initiates() {
    auto config = peer(right, left);
    config.mode = Mode::ResponderOnly;
    apply(right, std::move(config));
    apply(left, peer(left, right));
  }

  // Delivers and fires timers until nothing is due before now + span.
  void run(Duration span) {
    const TimePoint end = now + span;
    for (;;) {
      std::optional<TimePoint> next;
      if (!wire.empty()) next = wire.begin()->first;
      for (auto* side : {&left, &right}) {
        auto timer = side->endpoint->next_timeout();
        if (timer && (!next || *timer < *next)) next = timer;
      }
      if (!next || *next > end) break;
      now = std::max(now, *next);
      step();
    }
    now = end;
  }
  void event(Side& side, const sa::DataPlaneEvent& what) {
    side.endpoint->handle_dataplane(now, what);
    drain(side);
  }
  void drain(Side& side) {
    while (auto action = side.endpoint->poll_action()) perform(side, std::move(*action));
    while (auto event = side.endpoint->poll_event()) side.events.push_back(std::move(*event));
    while (auto datagram = side.endpoint->poll_transmit()) {
      ++sent;
      if (lose && lose(side, *datagram)) continue;
      if (translate) translate(side, *datagram);
      wire.emplace(now + latency, std::pair(&side == &left ? &right : &left, std::move(*datagram)));
    }
  }

  // Each side has one pair, each sends on what the other receives on.
  void expect_one_tunnel() {
    for (auto* side : {&left, &right}) {
      EXPECT_EQ(side->view().ike_sas.size(), 1u) << side->name;
      EXPECT_EQ(side->view().child_sas.size(), 1u) << side->name;
      EXPECT_EQ(side->installed.size(), 1u) << side->name;
      EXPECT_EQ(side->view().reason, catalog::Reason::Established)
          << side->name << " " << side->view().message;
    }
    expect_connected();
  }
  void expect_connected() {
    for (auto [a, b] : {std::pair(&left, &right), std::pair(&right, &left)}) {
      ASSERT_TRUE(a->installed.contains(a->sends_on)) << a->name;
      const auto& out = a->installed.at(a->sends_on);
      ASSERT_TRUE(b->installed.contains(out.outbound_spi)) << a->name << " sends on what nobody receives";
      const auto& in = b->installed.at(out.outbound_spi);
      EXPECT_TRUE(out.outbound_keys.encryption == in.inbound_keys.encryption);
      EXPECT_TRUE(out.outbound_keys.integrity == in.inbound_keys.integrity);
      EXPECT_EQ(in.outbound_spi, out.inbound_spi);
    }
  }

  TimePoint now{std::chrono::hours(1)};
  Duration latency = std::chrono::milliseconds(10);
  std::function<bool(const Side& from, const Datagram&)> lose;
  std::function<void(const Side& from, Datagram&)> translate;
  Side left, right;
  std::multimap<TimePoint, std::pair<Side*, Datagram>> wire;
  int sent = 0;

 private:
  static void make(Side& side, std::string name, std::string_view address, uint64_t seed,
                   EndpointConfig config) {
    side.name = std::move(name);
    side.address = *IpAddress::parse(address);
    side.context = *crypto::Context::seeded(seed);
    side.random = std::make_unique<crypto::SeededRandom>(seed);
    side.jitter = std::make_unique<SeededJitter>(seed);
    side.endpoint = std::make_unique<Endpoint>(config, *side.context, *side.random, *side.jitter);
  }
  void perform(Side& side, sa::DataPlaneAction action) {
    if (auto* install = std::get_if<sa::InstallChildSa>(&action)) {
      const auto spi = install->spec.inbound_spi;
      EXPECT_FALSE(side.installed.contains(spi));
      if (install->spec.use_outbound) side.sends_on = spi;
      side.installed.emplace(spi, std::move(install->spec));
    } else if (auto* activate = std::get_if<sa::ActivateOutbound>(&action)) {
      EXPECT_TRUE(side.installed.contains(activate->inbound_spi));
      side.sends_on = activate->inbound_spi;
    } else if (auto* remove = std::get_if<sa::RemoveChildSa>(&action)) {
      EXPECT_EQ(side.installed.erase(remove->inbound_spi), 1u);
    }
  }
  void step() {
    for (auto* side : {&left, &right}) {
      auto timer = side->endpoint->next_timeout();
      if (!timer || *timer > now) continue;
      side->endpoint->handle_timeout(now);
      drain(*side);
      auto next = side->endpoint->next_timeout();
      ASSERT_TRUE(!next || *next > now) << side->name << " leaves a timer that is due";
    }
    while (!wire.empty() && wire.begin()->first <= now) {
      auto [to, datagram] = std::move(wire.begin()->second);
      wire.erase(wire.begin());
      to->endpoint->handle_datagram(now, {datagram.remote, datagram.local, std::move(datagram.payload)});
      drain(*to);
    }
  }
};

}  // namespace hawser::ike
