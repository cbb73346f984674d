// Two user-space planes, each in its network namespace, joined by a veth pair: packets through real TUN
// interfaces, raw and UDP sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "sidecar/dataplane/userspace/socket_address.h"
#include "tests/support/dataplane/site.h"

namespace hawser::dataplane {
namespace {

using support::TwoSites;
using ::testing::HasSubstr;

constexpr const char* kConnection = TwoSites::kConnection;
constexpr std::array kEncapsulations = {sa::Encapsulation::None, sa::Encapsulation::Udp};
constexpr std::array kVersions = {IpVersion::V4, IpVersion::V6};

uint64_t dropped(const Counters& counters, DropReason reason) {
  return counters.dropped_inbound[static_cast<size_t>(reason)] +
         counters.dropped_outbound[static_cast<size_t>(reason)];
}

TEST(UserSpaceTunnel, ThereAreTwentyOneSuites) { EXPECT_EQ(support::all_child_suites().size(), 21u); }

TEST(UserSpaceTunnel, EverySuiteCarriesPacketsRawAndInUdpOverBothVersions) {
  TwoSites sites;
  ASSERT_TRUE(sites.start());
  uint8_t n = 0;
  for (const sa::ChildSuite& suite : support::all_child_suites()) {
    for (sa::Encapsulation encapsulation : kEncapsulations) {
      for (IpVersion outer : kVersions) {
        SCOPED_TRACE(support::suite_name(suite) + " " + to_string(encapsulation) +
                     (outer == IpVersion::V4 ? " 4" : " 6"));
        ++n;
        ASSERT_TRUE(sites.install(suite, n, sites.ends(encapsulation, outer)));
        Counters before = *sites.left.plane().counters(kConnection);
        EXPECT_TRUE(sites.left.ping("10.61.0.1", 2, 56 + n % 16));
        EXPECT_TRUE(sites.right.ping("2001:db8:11::1", 2, 1300 + n % 16));
        // A command is carried out between batches: after it the counters have all that came back.
        sites.remove(n);
        Counters after = *sites.left.plane().counters(kConnection);
        EXPECT_EQ(after.transmit_packets - before.transmit_packets, 4u);
        EXPECT_EQ(after.receive_packets - before.receive_packets, 4u);
      }
    }
  }
}

TEST(UserSpaceTunnel, BothEncapsulationsAreAcceptedWhicheverIsSent) {
  TwoSites sites;
  ASSERT_TRUE(sites.start());
  auto raw = sites.ends(sa::Encapsulation::None), udp = sites.ends(sa::Encapsulation::Udp);
  ASSERT_TRUE(
      sites.left.plane().install(support::left_spec(kConnection, support::default_child_suite(), 1, raw)));
  ASSERT_TRUE(
      sites.right.plane().install(support::right_spec(kConnection, support::default_child_suite(), 1, udp)));
  EXPECT_TRUE(sites.left.ping("10.61.0.1"));
}

TEST(UserSpaceTunnel, PacketsThatComeBeforeTheirSaWaitForIt) {
  TwoSites sites;
  ASSERT_TRUE(sites.start());
  for (uint8_t n = 1; n <= 2; ++n) {
    const auto ends = sites.ends(kEncapsulations[n % 2]);
    const auto suite = support::default_child_suite();
    ASSERT_TRUE(sites.right.plane().install(support::right_spec(kConnection, suite, n, ends)));
    std::string output;
    std::thread traffic(
        [&] { output = sites.right.ns().run("ping -q -n -c 1 -W 5 -I 10.61.0.1 10.11.0.1 || true"); });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (sites.left.plane().unknown_spi_packets() < n && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    ASSERT_TRUE(sites.left.plane().install(support::left_spec(kConnection, suite, n, ends)));
    traffic.join();
    EXPECT_THAT(output, HasSubstr(" 1 received, 0% packet loss"));
    sites.remove(n);
  }
}

// What the left plane has received, once it is `wanted` or 10 s have passed. ping itself waits for its last
// answers two round trips only.
uint64_t answers(TwoSites& sites, uint64_t wanted) {
  auto received = [&] { return sites.left.plane().counters(kConnection)->receive_packets; };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (received() < wanted && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  return received();
}

TEST(UserSpaceTunnel, RekeysLoseNothing) {
  TwoSites sites;
  ASSERT_TRUE(sites.start());
  auto suites = support::all_child_suites();
  auto install = [&](uint8_t n) {
    return sites.install(suites[n % suites.size()], n,
                         sites.ends(kEncapsulations[n % 2], kVersions[n / 2 % 2]));
  };
  ASSERT_TRUE(install(1));
  std::string output;
  std::thread traffic(
      [&] { output = sites.left.ns().run("ping -q -n -i 0.002 -c 500 -I 10.11.0.1 10.61.0.1 || true"); });
  uint8_t n = 1;
  // Until the traffic ends, at a pace that puts some packets between two rekeys.
  while (sites.left.plane().counters(kConnection)->transmit_packets < 480 && n < 250) {
    uint64_t sent = sites.left.plane().counters(kConnection)->transmit_packets;
    while (sites.left.plane().counters(kConnection)->transmit_packets < sent + 5) std::this_thread::yield();
    if (!install(++n)) break;
    // The old pair's last packets are on the wire: it goes a rekey later.
    if (n > 2) sites.remove(static_cast<uint8_t>(n - 2));
  }
  traffic.join();
  EXPECT_GT(n, 20);
  EXPECT_THAT(output, HasSubstr("500 packets transmitted"));
  EXPECT_EQ(answers(sites, 500), 500u) << n << " rekeys; " << output;
}

TEST(UserSpaceTunnel, ChangingPrefixesLosesNothing) {
  TwoSites sites;
  ASSERT_TRUE(sites.start());
  ASSERT_TRUE(sites.install(support::default_child_suite(), 1, sites.ends(sa::Encapsulation::Udp)));
  std::string output;
  std::thread traffic(
      [&] { output = sites.left.ns().run("ping -q -n -i 0.002 -c 300 -I 10.11.0.1 10.61.0.1 || true"); });
  TunnelSpec tunnel = sites.left.tunnel_to(sites.right, kConnection);
  std::vector<IpPrefix> base = tunnel.remote_prefixes;
  while (sites.left.plane().counters(kConnection)->transmit_packets < 290) {
    tunnel.remote_prefixes = base;
    EXPECT_TRUE(sites.left.configure(tunnel));
    for (int i = 0; i < 8; ++i)
      tunnel.remote_prefixes.push_back(IpPrefix::parse("10." + std::to_string(70 + i) + ".0.0/16").value());
    EXPECT_TRUE(sites.left.configure(tunnel));
  }
  traffic.join();
  EXPECT_THAT(output, HasSubstr("300 packets transmitted"));
  EXPECT_EQ(answers(sites, 300), 300u) << output;
}

// Sends 4 MiB of a pattern over TCP through the tunnel; the MSS both ends agreed on, 0 when the content is
// wrong.
int transfer(TwoSites& sites, const char* from, const char* to) {
  constexpr size_t kSize = 4 << 20;
  auto open = [](const support::NetworkNamespace& ns, const char* address, uint16_t port, SocketName& name,
                 socklen_t& size) {
    UniqueFd fd;
    size = to_socket_name({IpAddress::parse(address).value(), port}, name);
    ns.in([&] { fd = UniqueFd(socket(name.generic.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0)); });
    timeval limit{.tv_sec = 10, .tv_usec = 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    int on = 1;
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    bind(fd.get(), &name.generic, size);
    return fd;
  };
  SocketName source, target;
  socklen_t source_size, target_size;
  UniqueFd listener = open(sites.right.ns(), to, 5001, target, target_size);
  UniqueFd client = open(sites.left.ns(), from, 0, source, source_size);
  if (listen(listener.get(), 1) != 0 || connect(client.get(), &target.generic, target_size) != 0) return 0;
  UniqueFd server(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  int mss = 0;
  socklen_t mss_size = sizeof(mss);
  getsockopt(client.get(), IPPROTO_TCP, TCP_MAXSEG, &mss, &mss_size);
  Bytes data(kSize);
  for (size_t i = 0; i < kSize; ++i) data[i] = static_cast<uint8_t>(i * 2654435761u >> 13);
  std::thread sender([&] {
    for (size_t sent = 0; sent < kSize;) {
      ssize_t n = send(client.get(), &data[sent], kSize - sent, MSG_NOSIGNAL);
      if (n <= 0) return;
      sent += static_cast<size_t>(n);
    }
  });
  Bytes received(kSize);
  ssize_t got = recv(server.get(), received.data(), kSize, MSG_WAITALL);
  sender.join();
  return got == static_cast<ssize_t>(kSize) && received == data ? mss : 0;
}

TEST(UserSpaceTunnel, TcpArrivesWholeWithItsMssClamped) {
  TwoSites sites;
  ASSERT_TRUE(sites.start());
  ASSERT_TRUE(sites.install(support::default_child_suite(), 1, sites.ends(sa::Encapsulation::Udp)));
  constexpr int kTimestamps = 12;  // TCP_MAXSEG is without them
  // 1350 is below what MTU 1400 would give (1360); over IPv6 the MTU leaves 1340.
  EXPECT_EQ(transfer(sites, "10.11.0.1", "10.61.0.1"), 1350 - kTimestamps);
  EXPECT_EQ(transfer(sites, "2001:db8:11::1", "2001:db8:61::1"), 1340 - kTimestamps);
  ASSERT_TRUE(sites.install({.encryption = catalog::find_esp_encryption("AES256"),
                             .integrity = catalog::find_esp_integrity("SHA256")},
                            2, sites.ends(sa::Encapsulation::None)));
  EXPECT_EQ(transfer(sites, "10.11.0.1", "10.61.0.1"), 1350 - kTimestamps);
  Counters counters = *sites.right.plane().counters(kConnection);
  for (DropReason reason : {DropReason::Integrity, DropReason::Replay, DropReason::Malformed})
    EXPECT_EQ(dropped(counters, reason), 0u);
}

TEST(UserSpaceTunnel, MssIsLeftAloneWhenSwitchedOff) {
  TwoSites sites;
  ASSERT_TRUE(sites.start());
  for (auto* site : {&sites.left, &sites.right}) {
    TunnelSpec tunnel = site->tunnel_to(site == &sites.left ? sites.right : sites.left, kConnection);
    tunnel.tcp_mss = 0;
    ASSERT_TRUE(site->configure(tunnel));
  }
  ASSERT_TRUE(sites.install(support::default_child_suite(), 1, sites.ends(sa::Encapsulation::Udp)));
  EXPECT_EQ(transfer(sites, "10.11.0.1", "10.61.0.1"), 1360 - 12);
}

TEST(UserSpaceTunnel, ADeletedInterfaceComesBackWithConfigure) {
  TwoSites sites;
  ASSERT_TRUE(sites.start());
  ASSERT_TRUE(sites.install(support::default_child_suite(), 1, sites.ends(sa::Encapsulation::Udp)));
  ASSERT_TRUE(sites.left.ping("10.61.0.1"));
  sites.left.ns().run("ip link del $(ip -o link show | grep -o 'hws[a-z2-7]*' | head -1)");
  EXPECT_FALSE(sites.left.ping("10.61.0.1", 1));
  ASSERT_TRUE(sites.left.configure(sites.left.tunnel_to(sites.right, kConnection)));
  EXPECT_TRUE(sites.left.ping("10.61.0.1"));
}

TEST(UserSpaceTunnel, CongestionMarksCrossTheTunnel) {
  TwoSites sites;
  ASSERT_TRUE(sites.start());
  ASSERT_TRUE(sites.install(support::default_child_suite(), 1, sites.ends(sa::Encapsulation::None)));
  // ECT(0) inside, marked CE on the way: the inner packet arrives with CE (RFC 6040 4.2), so the echo has it
  // as well.
  sites.left.ns().run(
      "nft add table ip t && nft add chain ip t c '{ type filter hook postrouting priority 0; }' && "
      "nft add rule ip t c ip protocol esp ip ecn ect0 ip ecn set ce");
  std::string output;
  std::atomic<bool> captured = false;
  std::thread capture([&] {
    output = sites.right.ns().run(
        "timeout 30 tcpdump -n -v -c 1 -i $(ip -o link show | grep -o 'hws[a-z2-7]*' | head -1) "
        "'icmp[icmptype] == icmp-echo' 2>/dev/null || true");
    captured = true;
  });
  // One that comes back too late is no matter: what is judged is what tcpdump saw, and it ends after 30 s.
  while (!captured) sites.left.ns().run("ping -n -c 1 -W 1 -Q 0x02 -I 10.11.0.1 10.61.0.1 || true");
  capture.join();
  EXPECT_THAT(output, HasSubstr("tos 0x3,CE"));
}

}  // namespace
}  // namespace hawser::dataplane
