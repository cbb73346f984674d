#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "hawser/v1/sidecar.pb.h"
#include "sidecar/agent/driver.h"
#include "sidecar/agent/event_line.h"
#include "sidecar/agent/reconciler.h"
#include "sidecar/crypto/context.h"
#include "tests/support/dataplane/manual_clock.h"
#include "tests/support/dataplane/recording_data_plane.h"

namespace hawser::agent {

// Routes of a node, as the test wants them.
struct FakeSources final : SourceAddresses {
  std::set<IpAddress> local;
  std::optional<IpAddress> route;
  bool is_local(const IpAddress& address) const override { return local.contains(address); }
  std::optional<IpAddress> inside(const IpPrefix& prefix) const override {
    const auto found = std::ranges::find_if(local, [&](const auto& one) { return prefix.contains(one); });
    return found == local.end() ? std::nullopt : std::optional(*found);
  }
  Result<IpAddress> toward(const IpAddress& remote) const override {
    if (route) return *route;
    return Error{ErrorCode::Unavailable, "no route to " + remote.to_string()};
  }
};

inline IpAddress address(std::string_view text) { return *IpAddress::parse(text); }

// The reconciler and the driver of one sidecar over the real engine and a data plane in memory.
struct Node {
  explicit Node(uint64_t seed, std::string_view own)
      : context(*crypto::Context::seeded(seed)),
        random(seed),
        jitter(seed),
        plane(clock),
        engine(config(), *context, random, jitter),
        driver(engine, plane,
               {[this](const ike::Datagram& d) { sent.push_back(d); },
                [this](const ike::Event& e) {
                  ledger.fold(e);
                  if (auto line = describe(e)) log.push_back(line->text);
                },
                [this](const sa::ConnectionName& name, const Result<void>& result) {
                  reconciler.note_install(name, result);
                },
                {}}),
        reconciler({engine, plane, sources, ledger, [this](TimePoint now) { driver.turn(now); }}) {
    sources.local = {address(own)};
    sources.route = address(own);
  }
  static ike::EndpointConfig config() {
    ike::EndpointConfig out;
    out.export_keys = true;  // the driver must keep them from the log
    return out;
  }
  v1::Ack apply(TimePoint now, v1::DesiredState desired) {
    auto ack = reconciler.apply(now, desired);
    driver.turn(now);
    return ack;
  }
  status::Snapshot snapshot() const {
    status::Inputs inputs;
    inputs.configured = reconciler.configured();
    inputs.views = engine.snapshot();
    inputs.tallies = &ledger.tallies();
    return status::fold(std::move(inputs));
  }
  status::Programmed programmed(const std::string& name) const {
    for (const auto& configured : reconciler.configured()) {
      if (configured.name == name) return configured.programmed;
    }
    return {catalog::Reason::NodeUnavailable, "not there"};
  }
  ike::ConnectionView view(const std::string& name) const {
    for (const auto& view : engine.snapshot()) {
      if (view.name == name) return view;
    }
    return {};
  }

  support::ManualClock clock;
  std::unique_ptr<crypto::Context> context;
  crypto::SeededRandom random;
  SeededJitter jitter;
  support::RecordingDataPlane plane;
  ike::Endpoint engine;
  FakeSources sources;
  status::Ledger ledger;
  std::vector<ike::Datagram> sent;
  std::vector<std::string> log;
  Driver driver;
  Reconciler reconciler;
};

// Nodes on one wire; a datagram goes to whoever has its address.
class World {
 public:
  void add(Node& node) { nodes_.push_back(&node); }
  void run(Duration span) {
    const TimePoint end = now + span;
    while (true) {
      deliver();
      std::optional<TimePoint> next;
      for (Node* node : nodes_) {
        auto timer = node->engine.next_timeout();
        if (timer && (!next || *timer < *next)) next = timer;
      }
      if (!next || *next > end) break;
      now = std::max(now, *next);
      for (Node* node : nodes_) node->driver.turn(now);
    }
    now = end;
  }
  TimePoint now{std::chrono::hours(1)};

 private:
  void deliver() {
    for (bool more = true; more;) {
      more = false;
      for (Node* from : nodes_) {
        auto datagrams = std::exchange(from->sent, {});
        for (auto& datagram : datagrams) {
          more = true;
          for (Node* to : nodes_) {
            if (!to->sources.local.contains(datagram.remote.address)) continue;
            to->engine.handle_datagram(now, {datagram.remote, datagram.local, datagram.payload});
            to->driver.turn(now);
          }
        }
      }
    }
  }
  std::vector<Node*> nodes_;
};

}  // namespace hawser::agent
