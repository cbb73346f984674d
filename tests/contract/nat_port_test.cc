// What shares the NAT port (RFC 3948 2): IKE with its marker, keepalives, ESP; and traffic with commands in
// between, for ThreadSanitizer.
#include <gtest/gtest.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "sidecar/dataplane/node/node_network.h"
#include "sidecar/dataplane/userspace/socket_address.h"
#include "tests/contract/data_plane_contract.h"
#include "tests/support/dataplane/site.h"

namespace hawser::dataplane {
namespace {

class NoRoutes final : public NodeNetwork {
 public:
  Result<void> protect(const TunnelSpec&) override { return {}; }
  Result<void> attach(const TunnelSpec&) override { return {}; }
  void release(const sa::ConnectionName&, bool) override {}
  Result<void> remove_leftovers() override { return {}; }
};

class NatPort : public ::testing::Test {
 protected:
  explicit NatPort(const char* address = "127.0.0.1")
      : nat_(support::open_marked_udp({IpAddress::parse(address).value(), 0})),
        peer_(support::open_marked_udp({IpAddress::parse(address).value(), 0})) {
    UserSpaceDataPlane::Options options;
    (nat_address().address.is_v4() ? options.nat_socket_v4 : options.nat_socket_v6) = nat_.get();
    options.raw_esp = false;
    options.network = std::make_unique<NoRoutes>();
    options.open_interface = [this](const std::string&) -> Result<UniqueFd> {
      int ends[2];
      if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
        return Error{ErrorCode::Internal, "socketpair"};
      inner_ = UniqueFd(ends[0]);
      return UniqueFd(ends[1]);
    };
    plane_ = UserSpaceDataPlane::create(std::move(options)).value();
  }

  static SocketAddress bound_to(int fd) {
    SocketName name{};
    socklen_t size = sizeof(name);
    getsockname(fd, &name.generic, &size);
    return from_socket_name(name);
  }
  SocketAddress nat_address() const { return bound_to(nat_.get()); }
  void send(const Bytes& datagram) {
    SocketName to;
    socklen_t size = to_socket_name(nat_address(), to);
    ASSERT_EQ(sendto(peer_.get(), datagram.data(), datagram.size(), 0, &to.generic, size),
              static_cast<ssize_t>(datagram.size()));
  }
  std::optional<UdpDatagram> wait_for_datagram() {
    pollfd descriptor{.fd = plane_->event_fd(), .events = POLLIN, .revents = 0};
    if (poll(&descriptor, 1, 5000) != 1) return std::nullopt;
    return plane_->poll_ike_datagram();
  }

  UniqueFd nat_, peer_, inner_;
  std::unique_ptr<UserSpaceDataPlane> plane_;
};

class NatPortV6 : public NatPort {
 protected:
  NatPortV6() : NatPort("::1") {}
};

TEST_F(NatPort, HandsOnIkeWithoutItsMarker) {
  send({0, 0, 0, 0, 'i', 'k', 'e'});
  auto datagram = wait_for_datagram();
  ASSERT_TRUE(datagram);
  EXPECT_EQ(datagram->payload, (Bytes{'i', 'k', 'e'}));
  EXPECT_EQ(datagram->local, nat_address());
  EXPECT_EQ(datagram->remote, bound_to(peer_.get()));
}

TEST_F(NatPortV6, HandsOnIkeWithBothAddresses) {
  send({0, 0, 0, 0, 'i', 'k', 'e'});
  auto datagram = wait_for_datagram();
  ASSERT_TRUE(datagram);
  EXPECT_EQ(datagram->local, nat_address());
  EXPECT_EQ(datagram->remote, bound_to(peer_.get()));
}

TEST_F(NatPort, HandsOnTheLongestDatagram) {
  send(Bytes(65507));
  auto datagram = wait_for_datagram();
  ASSERT_TRUE(datagram);
  EXPECT_EQ(datagram->payload.size(), 65503u);
}

TEST_F(NatPort, TakesARunOfDatagramsApart) {
  // As one message that the kernel cuts, and hands on whole where it can.
  Bytes run(30);
  for (size_t i = 0; i < run.size(); i += 10) std::fill_n(&run[i + 4], 6, static_cast<uint8_t>('a' + i / 10));
  run.resize(27);
  int segment = 10;
  ASSERT_EQ(setsockopt(peer_.get(), SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment)), 0);
  send(run);
  for (const char* expected : {"aaaaaa", "bbbbbb", "ccc"}) {
    auto datagram = wait_for_datagram();
    ASSERT_TRUE(datagram);
    EXPECT_EQ(std::string(datagram->payload.begin(), datagram->payload.end()), expected);
  }
}

TEST_F(NatPort, DropsKeepalivesAndRunts) {
  send({0xff});
  send({});
  send({0, 0, 0});
  send({0xff, 0xff, 0xff, 0xff, 1});
  send({0, 0, 0, 0, 'e', 'n', 'd'});
  auto datagram = wait_for_datagram();
  ASSERT_TRUE(datagram);
  EXPECT_EQ(datagram->payload, (Bytes{'e', 'n', 'd'}));
  EXPECT_EQ(plane_->unknown_spi_packets(), 1u);
}

TEST_F(NatPort, RefusesASocketWithoutTheMark) {
  UniqueFd plain(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  UserSpaceDataPlane::Options options;
  options.nat_socket_v4 = plain.get();
  options.raw_esp = false;
  options.network = std::make_unique<NoRoutes>();
  auto plane = UserSpaceDataPlane::create(std::move(options));
  ASSERT_FALSE(plane);
  EXPECT_EQ(plane.error().code, ErrorCode::InvalidArgument);
}

TEST_F(NatPort, RefusesASocketOfTheOtherVersion) {
  UserSpaceDataPlane::Options options;
  options.nat_socket_v6 = nat_.get();
  options.raw_esp = false;
  options.network = std::make_unique<NoRoutes>();
  EXPECT_FALSE(UserSpaceDataPlane::create(std::move(options)));
}

TEST_F(NatPort, CommandsAndReadsRunBesideTraffic) {
  TunnelSpec tunnel;
  tunnel.connection = "a/b";
  tunnel.local_prefixes = tunnel.remote_prefixes = {IpPrefix::any(IpVersion::V4)};
  ASSERT_TRUE(plane_->configure(tunnel));
  support::Ends ends{nat_address(), bound_to(peer_.get()), sa::Encapsulation::Udp};
  std::atomic<bool> stop = false;
  // Out of the interface, IKE and unknown ESP, as fast as they go.
  std::thread traffic([&] {
    Bytes inner(100);
    inner[0] = 0x45;
    inner[3] = 100;
    while (!stop) {
      (void)::send(inner_.get(), inner.data(), inner.size(), MSG_DONTWAIT);
      send({0, 0, 0, 0, 'i', 'k', 'e'});
      send({1, 2, 3, 4, 5, 6, 7, 8, 9});
    }
  });
  uint64_t events = 0, datagrams = 0;
  for (uint8_t n = 1; n <= 100; ++n) {
    ASSERT_TRUE(plane_->install(support::left_spec("a/b", support::default_child_suite(), n, ends)));
    uint64_t before = plane_->counters("a/b")->transmit_packets;
    while (plane_->counters("a/b")->transmit_packets == before) {
      while (plane_->poll_event()) ++events;
      while (plane_->poll_ike_datagram()) ++datagrams;
    }
    ASSERT_TRUE(plane_->activate_outbound("a/b", sa::Spi(0x1000u * n + 1)));
    ASSERT_TRUE(plane_->update_endpoint("a/b", sa::Spi(0x1000u * n + 1), ends.left, ends.right));
    if (n > 1) plane_->remove("a/b", sa::Spi(0x1000u * (n - 1u) + 1));
  }
  stop = true;
  traffic.join();
  while (plane_->poll_event()) ++events;
  while (plane_->poll_ike_datagram()) ++datagrams;
  EXPECT_GE(events, 99u);  // OutboundActivity of each pair
  EXPECT_GT(datagrams, 0u);
  EXPECT_GT(plane_->unknown_spi_packets(), 0u);
  plane_->unconfigure("a/b", false);
}

}  // namespace
}  // namespace hawser::dataplane
