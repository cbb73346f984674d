// How many IKE SAs (IKE_SA_INIT and IKE_AUTH, to an installed Child SA) one core sets up in a second.
//   ike_setup_bench [ROUNDS [SETUPS]]
// Two engines in one thread hand each other their datagrams; the time of each is taken on its own, so that
// the responder's share, which a gateway under load pays, is told apart from the whole.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "common/base/check.h"
#include "common/catalog/algorithms.h"
#include "sidecar/crypto/context.h"
#include "sidecar/ike/endpoint.h"

namespace {

using namespace hawser;
using Seconds = std::chrono::duration<double>;

constexpr std::string_view kKey = "a-shared-key-for-the-benchmark";

IpAddress address(std::string_view text) {
  auto parsed = IpAddress::parse(text);
  CHECK(parsed.has_value());
  return *parsed;
}

ike::PeerConfig peer(std::string_view local, std::string_view remote, std::string_view group,
                     ike::Mode mode) {
  ike::PeerConfig config;
  config.name = "default/bench";
  config.local_address = address(local);
  config.remote_address = address(remote);
  config.shared_key = SecretBytes(BytesView(reinterpret_cast<const uint8_t*>(kKey.data()), kKey.size()));
  config.ike_suite = {catalog::find_ike_encryption("AES256"), catalog::find_ike_integrity("SHA256"),
                      catalog::find_group(group)};
  config.child_suite = {catalog::find_esp_encryption("GCMAES256"), nullptr, nullptr};
  config.mode = mode;
  return config;
}

// One end of the wire, with the time that its engine has used.
class End {
 public:
  End(const crypto::Context& context, uint64_t seed)
      : jitter_(seed), engine_({}, context, random_, jitter_) {}

  template <typename Call>
  void timed(Call call) {
    auto started = std::chrono::steady_clock::now();
    call(engine_);
    used_ += std::chrono::steady_clock::now() - started;
  }
  // Hands over what this end wants to send. True when there was something.
  bool send_to(End& other, TimePoint now) {
    bool any = false;
    for (;;) {
      std::optional<ike::Datagram> out;
      timed([&](ike::Endpoint& engine) {
        while (auto action = engine.poll_action())
          installed_ |= std::holds_alternative<sa::InstallChildSa>(*action);
        while (engine.poll_event()) {
        }
        out = engine.poll_transmit();
      });
      if (!out) return any;
      any = true;
      ike::Datagram in{out->remote, out->local, std::move(out->payload)};
      other.timed([&](ike::Endpoint& engine) { engine.handle_datagram(now, in); });
    }
  }
  bool installed() const { return installed_; }
  Seconds used() const { return used_; }

 private:
  crypto::SystemRandom random_;
  SeededJitter jitter_;
  ike::Endpoint engine_;
  Seconds used_{};
  bool installed_ = false;
};

struct Spent {
  Seconds both{}, responder{};
};

Spent set_up(const crypto::Context& context, std::string_view group, uint64_t seed) {
  End initiator(context, seed), responder(context, seed + 1);
  TimePoint now{};
  responder.timed([&](ike::Endpoint& engine) {
    CHECK(engine
              .apply(now, peer("198.51.100.1", "192.0.2.1", group, ike::Mode::ResponderOnly),
                     ike::Impact::Recreate)
              .has_value());
  });
  initiator.timed([&](ike::Endpoint& engine) {
    CHECK(engine
              .apply(now, peer("192.0.2.1", "198.51.100.1", group, ike::Mode::InitiatorOnly),
                     ike::Impact::Recreate)
              .has_value());
  });
  // The first message may wait for a timer.
  while (!initiator.installed() || !responder.installed()) {
    bool moved = initiator.send_to(responder, now);
    moved |= responder.send_to(initiator, now);
    if (!moved && !(initiator.installed() && responder.installed())) {
      now += std::chrono::milliseconds(10);
      CHECK(now < TimePoint{} + std::chrono::seconds(30));
      initiator.timed([&](ike::Endpoint& engine) { engine.handle_timeout(now); });
    }
  }
  return {initiator.used() + responder.used(), responder.used()};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

void print_row(const char* what, std::string_view group, const std::vector<double>& rates, int setups) {
  auto [low, high] = std::minmax_element(rates.begin(), rates.end());
  std::printf("%-10.*s %-16s %zu rounds of %d: median %.0f/s, %.0f to %.0f\n", static_cast<int>(group.size()),
              group.data(), what, rates.size(), setups, median(rates), *low, *high);
}

void measure(const crypto::Context& context, std::string_view group, int rounds, int setups) {
  std::vector<double> both, responder;
  uint64_t seed = 1;
  for (int round = 0; round < rounds; ++round) {
    Spent total;
    for (int i = 0; i < setups; ++i, seed += 2) {
      Spent spent = set_up(context, group, seed);
      total.both += spent.both;
      total.responder += spent.responder;
    }
    both.push_back(setups / total.both.count());
    responder.push_back(setups / total.responder.count());
  }
  print_row("both ends", group, both, setups);
  print_row("responder only", group, responder, setups);
}

}  // namespace

int main(int argc, char** argv) {
  int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  int setups = argc > 2 ? std::atoi(argv[2]) : 200;
  if (rounds < 1 || setups < 1) {
    std::fprintf(stderr, "usage: ike_setup_bench [ROUNDS [SETUPS]]\n");
    return 2;
  }
  auto context = crypto::Context::system();
  if (!context.has_value()) {
    std::fprintf(stderr, "OpenSSL: no context\n");
    return 1;
  }
  for (std::string_view group : {"ECP256", "ECP384", "DHGroup14"}) measure(**context, group, rounds, setups);
  return 0;
}
