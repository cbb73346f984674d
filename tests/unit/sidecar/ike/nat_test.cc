#include <algorithm>

#include "tests/unit/sidecar/ike/pair.h"

namespace hawser::ike {
namespace {

using namespace std::chrono_literals;

// The left side sits behind a NAT of one outer address; a port is bound to each inner one.
class BehindNat : public testing::Test {
 protected:
  BehindNat() {
    pair.translate = [this](const Side& from, Datagram& datagram) {
      if (&from == &pair.left) {
        ports[static_cast<uint16_t>(datagram.local.port + shift)] = datagram.local.port;
        datagram.local = {outer, static_cast<uint16_t>(datagram.local.port + shift)};
      } else if (datagram.remote.address == outer) {
        datagram.remote = {pair.left.address, ports[datagram.remote.port]};
      }
      sources.push_back(datagram.local);
    };
  }
  void apply() {
    auto right = Pair::peer(pair.right, pair.left);
    right.remote_address = outer;
    pair.apply(pair.right, std::move(right));
    pair.apply(pair.left, Pair::peer(pair.left, pair.right));
  }

  Pair pair;
  IpAddress outer = *IpAddress::parse("203.0.113.9");
  uint16_t shift = 20000;
  std::map<uint16_t, uint16_t> ports;
  std::vector<SocketAddress> sources;
};

TEST_F(BehindNat, both_move_to_port_4500_and_encapsulate) {
  apply();
  pair.run(10s);
  pair.expect_one_tunnel();
  EXPECT_EQ(pair.left.view().ike_sas[0].nat, Nat::Local);
  EXPECT_EQ(pair.right.view().ike_sas[0].nat, Nat::Remote);
  const auto& left = pair.left.installed.begin()->second;
  const auto& right = pair.right.installed.begin()->second;
  EXPECT_EQ(left.encapsulation, sa::Encapsulation::Udp);
  EXPECT_EQ(right.encapsulation, sa::Encapsulation::Udp);
  EXPECT_EQ(left.local, (SocketAddress{pair.left.address, 4500}));
  EXPECT_EQ(left.remote, (SocketAddress{pair.right.address, 4500}));
  EXPECT_EQ(right.remote, (SocketAddress{outer, 24500}));
}

TEST_F(BehindNat, the_inner_side_keeps_the_mapping_alive_while_nothing_else_does) {
  apply();
  pair.run(10s);
  int keepalives = 0;
  pair.lose = [&](const Side& from, const Datagram& datagram) {
    const bool keepalive = datagram.payload == Bytes{0xFF};
    keepalives += keepalive;
    EXPECT_FALSE(keepalive && &from == &pair.right);
    return false;
  };
  pair.run(100s);
  EXPECT_GE(keepalives, 4);
  pair.expect_one_tunnel();
}

TEST_F(BehindNat, a_new_mapping_is_followed_when_a_message_proves_it) {
  apply();
  pair.run(10s);
  shift = 21000;
  // A forged datagram from elsewhere moves nothing.
  const auto before = pair.right.view().ike_sas[0].remote;
  pair.right.endpoint->handle_datagram(pair.now, {{pair.right.address, 4500}, {outer, 999}, Bytes(80, 7)});
  EXPECT_EQ(pair.right.view().ike_sas[0].remote, before);
  pair.right.actions.clear();
  pair.run(60s);
  EXPECT_EQ(pair.right.view().ike_sas[0].remote, (SocketAddress{outer, 25500}));
  pair.expect_one_tunnel();
}

TEST(ForcedEncapsulation, holds_for_both_when_one_asks_for_it) {
  EndpointConfig config;
  config.raw_esp = false;
  Pair pair(1, config);
  pair.apply_left_initiates();
  pair.run(10s);
  pair.expect_one_tunnel();
  for (auto* side : {&pair.left, &pair.right})
    EXPECT_EQ(side->installed.begin()->second.encapsulation, sa::Encapsulation::Udp);
}

TEST(ForcedEncapsulation, holds_while_the_route_decides_the_local_address) {
  Pair pair;
  pair.translate = [&](const Side& from, Datagram& datagram) { datagram.local.address = from.address; };
  auto left = Pair::peer(pair.left, pair.right);
  left.local_address.reset();
  auto right = Pair::peer(pair.right, pair.left);
  right.mode = Mode::ResponderOnly;
  pair.apply(pair.right, std::move(right));
  pair.apply(pair.left, std::move(left));
  pair.run(10s);
  pair.expect_one_tunnel();
  EXPECT_EQ(pair.left.installed.begin()->second.encapsulation,
            pair.right.installed.begin()->second.encapsulation);
  EXPECT_EQ(pair.left.installed.begin()->second.local.address, pair.left.address);
}

}  // namespace
}  // namespace hawser::ike
