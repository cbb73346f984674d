#include <algorithm>

#include "tests/unit/sidecar/ike/pair.h"

namespace hawser::ike {
namespace {

using namespace std::chrono_literals;

// Loses, doubles and delays by a generator of its own.
class Weather {
 public:
  Weather(Pair& pair, uint64_t seed, int percent) : pair_(pair), dice_(seed), percent_(percent) {
    pair.lose = [this](const Side& from, const Datagram& datagram) { return strikes(from, datagram); };
  }
  void clear() { pair_.lose = {}; }

 private:
  bool chance(int percent) { return dice_.between(Duration(0), Duration(99)).count() < percent; }
  bool strikes(const Side& from, const Datagram& datagram) {
    if (chance(percent_)) return true;
    if (!chance(percent_)) return false;
    // A second copy, late: out of order with what follows.
    Side* to = &from == &pair_.left ? &pair_.right : &pair_.left;
    pair_.wire.emplace(pair_.now + dice_.between(1ms, 3s), std::pair(to, datagram));
    return chance(50);
  }
  Pair& pair_;
  SeededJitter dice_;
  int percent_;
};

TEST(Loss, crossed_first_contact_converges_all_the_same) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    Pair pair(seed);
    Weather weather(pair, seed, 25);
    pair.apply_both();
    pair.run(120s);
    weather.clear();
    pair.run(120s);
    pair.expect_one_tunnel();
    if (::testing::Test::HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST(Loss, rekeys_from_both_sides_at_once_leave_one_tunnel) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    Pair pair(seed);
    pair.apply_left_initiates();
    pair.run(2s);
    Weather weather(pair, seed, 20);
    for (int round = 0; round < 4; ++round) {
      for (auto* side : {&pair.left, &pair.right}) {
        const auto name = side->view().name;
        const bool child = (seed + static_cast<uint64_t>(round)) % 2 == 0;
        (void)(child ? side->endpoint->rekey_child(pair.now, name)
                     : side->endpoint->rekey_ike(pair.now, name));
        pair.drain(*side);
      }
      pair.run(8s);
    }
    weather.clear();
    pair.run(120s);
    pair.expect_one_tunnel();
    if (::testing::Test::HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST(Loss, short_lifetimes_for_an_hour_leave_one_tunnel) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    Pair pair(seed);
    for (auto [self, other] : {std::pair(&pair.left, &pair.right), std::pair(&pair.right, &pair.left)}) {
      auto config = Pair::peer(*self, *other);
      config.child_lifetime = 60s;
      config.ike_lifetime = 300s;
      pair.apply(*self, std::move(config));
    }
    Weather weather(pair, seed, 10);
    for (int minute = 0; minute < 60; ++minute) {
      pair.run(60s);
      ASSERT_LE(pair.left.installed.size(), 4u);
      ASSERT_LE(pair.right.installed.size(), 4u);
    }
    weather.clear();
    pair.run(40s);
    pair.expect_connected();
    if (::testing::Test::HasFailure()) FAIL() << "seed " << seed;
  }
}

}  // namespace
}  // namespace hawser::ike
