// Inner packets never leave in clear, whatever happens to SAs, interface or process: seen by a tap on the
// wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "sidecar/dataplane/node/cleanup.h"
#include "sidecar/dataplane/userspace/socket_address.h"
#include "tests/support/dataplane/site.h"

namespace hawser::dataplane {
namespace {

using support::TwoSites;
using support::WireTap;
using ::testing::HasSubstr;

constexpr const char* kConnection = TwoSites::kConnection;

class FailClosed : public ::testing::Test {
 protected:
  // What ping to both inner addresses of the other site says. It waits one interval for the last answer.
  std::string ping() {
    return sites_.left.ns().run(
        "ping -n -c 3 -i 0.2 -W 1 -I 10.11.0.1 10.61.0.1; "
        "ping -n -c 3 -i 0.2 -W 1 -I 2001:db8:11::1 2001:db8:61::1; true");
  }
  // errno of sending to it, 0 when the kernel took the packet.
  int send_error(const char* address) {
    int error = 0;
    sites_.left.ns().in([&] {
      SocketName to;
      socklen_t size = to_socket_name({IpAddress::parse(address).value(), 9}, to);
      UniqueFd fd(socket(to.generic.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      if (sendto(fd.get(), "x", 1, 0, &to.generic, size) < 0) error = errno;
    });
    return error;
  }
  Result<void> up() {
    RETURN_IF_ERROR(sites_.start());
    return sites_.install(support::default_child_suite(), 1, sites_.ends(sa::Encapsulation::Udp));
  }
  // An instance of the left plane, up, in a process of its own that lives until it is killed.
  pid_t start_process() {
    int ready[2];
    if (pipe(ready) != 0) return -1;
    pid_t child = fork();
    if (child != 0) {
      char ok = 0;
      close(ready[1]);
      bool good = read(ready[0], &ok, 1) == 1;
      close(ready[0]);
      return good ? child : -1;
    }
    sites_.left.start();
    bool good = sites_.left.configure(sites_.left.tunnel_to(sites_.right, kConnection)) &&
                sites_.left.plane().install(support::left_spec(kConnection, support::default_child_suite(), 1,
                                                               sites_.ends(sa::Encapsulation::Udp)));
    if (good && write(ready[1], "y", 1) == 1)
      while (true) pause();
    _exit(1);
  }

  TwoSites sites_;
  WireTap tap_{sites_.left.ns(), "wan"};
};

TEST_F(FailClosed, ControlTheTapSeesClearPacketsWithoutTheRoutes) {
  ping();
  EXPECT_GE(tap_.take().clear, 6);
}

TEST_F(FailClosed, ATunnelThatIsUpShowsEspOnly) {
  ASSERT_TRUE(up());
  EXPECT_THAT(ping(), HasSubstr("3 received"));
  WireTap::Seen seen = tap_.take();
  EXPECT_EQ(seen.clear, 0);
  EXPECT_EQ(seen.esp, 12);
}

TEST_F(FailClosed, WithoutAnSaTheSenderIsToldAndNothingLeaves) {
  ASSERT_TRUE(up());
  ping();
  sites_.remove(1);
  tap_.take();
  std::string said = ping();
  EXPECT_THAT(said, HasSubstr("Destination Host Unreachable"));
  EXPECT_THAT(said, HasSubstr("Destination unreachable: Address unreachable"));
  WireTap::Seen seen = tap_.take();
  EXPECT_EQ(seen.clear, 0);
  EXPECT_EQ(seen.esp, 0);
  Counters counters = *sites_.left.plane().counters(kConnection);
  EXPECT_GE(counters.dropped_outbound[static_cast<size_t>(DropReason::NoSa)], 6u);
}

TEST_F(FailClosed, AKilledProcessLeavesTheRoutesAndItsSuccessorTakesOver) {
  sites_.right.start();
  ASSERT_TRUE(sites_.right.configure(sites_.right.tunnel_to(sites_.left, kConnection)));
  auto ends = sites_.ends(sa::Encapsulation::Udp);
  ASSERT_TRUE(sites_.right.plane().install(
      support::right_spec(kConnection, support::default_child_suite(), 1, ends)));
  pid_t child = start_process();
  ASSERT_GT(child, 0);
  // The other site answers this one with an ICMP error; the pings that follow are answered after it, so that
  // nothing is under way when the process dies.
  EXPECT_EQ(send_error("10.61.0.1"), 0);
  EXPECT_THAT(ping(), HasSubstr("3 received"));
  EXPECT_EQ(tap_.take().clear, 0);

  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(send_error("10.61.0.1"), EHOSTUNREACH);
  EXPECT_EQ(send_error("2001:db8:61::1"), EHOSTUNREACH);
  ping();
  WireTap::Seen seen = tap_.take();
  EXPECT_EQ(seen.clear, 0);
  EXPECT_EQ(seen.esp, 0);

  // The successor adopts what is there; fresh keys, for the old sequence numbers are gone with the process.
  sites_.left.start();
  ASSERT_TRUE(sites_.left.configure(sites_.left.tunnel_to(sites_.right, kConnection)));
  ASSERT_TRUE(sites_.install(support::default_child_suite(), 2, ends));
  EXPECT_THAT(ping(), HasSubstr("3 received"));
  EXPECT_EQ(tap_.take().clear, 0);

  // Control: the routes, and nothing else, are what held the packets back.
  sites_.left.stop();
  ping();
  EXPECT_EQ(tap_.take().clear, 0);
  sites_.left.ns().run("ip route flush table 18519; ip -6 route flush table 18519");
  ping();
  EXPECT_GE(tap_.take().clear, 6);
}

TEST_F(FailClosed, UnconfigureKeepsThemOrNot) {
  ASSERT_TRUE(up());
  sites_.left.plane().unconfigure(kConnection, true);
  ping();
  EXPECT_EQ(tap_.take().clear, 0);
  ASSERT_TRUE(sites_.left.configure(sites_.left.tunnel_to(sites_.right, kConnection)));
  sites_.left.plane().unconfigure(kConnection, false);
  ping();
  EXPECT_GE(tap_.take().clear, 6) << "a deleted Connection gives its prefixes back";
}

TEST_F(FailClosed, CleanupGivesEverythingBack) {
  ASSERT_TRUE(up());
  sites_.left.plane().unconfigure(kConnection, true);
  sites_.left.ns().in([] { EXPECT_TRUE(cleanup_node()); });
  ping();
  EXPECT_GE(tap_.take().clear, 6);
}

TEST_F(FailClosed, NoMomentOfAnyChangeLetsAPacketOut) {
  sites_.right.start();
  sites_.left.start();
  TunnelSpec tunnel = sites_.left.tunnel_to(sites_.right, kConnection);
  ASSERT_TRUE(sites_.left.configure(tunnel));
  std::atomic<bool> stop = false;
  std::atomic<int> sent = 0;
  std::thread traffic([&] {
    sites_.left.ns().in([&] {
      auto fd = UniqueFd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      sockaddr_in to{};
      to.sin_family = AF_INET;
      to.sin_port = htons(9);
      to.sin_addr.s_addr = htonl(0x0a3d0001);  // 10.61.0.1
      while (!stop) {
        sendto(fd.get(), "x", 1, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&to), sizeof(to));
        ++sent;
      }
    });
  });
  auto ends = sites_.ends(sa::Encapsulation::Udp);
  std::vector<IpPrefix> base = tunnel.remote_prefixes;
  for (uint8_t n = 1; n <= 20; ++n) {
    ASSERT_TRUE(sites_.left.plane().install(
        support::left_spec(kConnection, support::default_child_suite(), n, ends)));
    tunnel.remote_prefixes = base;
    if (n % 2 == 0) tunnel.remote_prefixes.push_back(IpPrefix::parse("10.62.0.0/16").value());
    if (n % 3 == 0) tunnel.mtu = 1300u + n;
    ASSERT_TRUE(sites_.left.configure(tunnel));
    sites_.left.plane().remove(kConnection, sa::Spi(0x1000u * n + 1));
    if (n % 4 == 0) sites_.left.plane().unconfigure(kConnection, true);
    if (n % 5 == 0) {
      sites_.left.stop();
      sites_.left.start();
    }
    ASSERT_TRUE(sites_.left.configure(tunnel));
  }
  stop = true;
  traffic.join();
  EXPECT_GT(sent, 1000);
  EXPECT_EQ(tap_.take().clear, 0) << "of " << sent << " packets";
}

}  // namespace
}  // namespace hawser::dataplane
