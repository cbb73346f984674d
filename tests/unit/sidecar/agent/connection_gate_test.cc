#include "sidecar/agent/connection_gate.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <mutex>
#include <vector>

#include "sidecar/agent/socket_address.h"

namespace hawser::agent {
namespace {

using dataplane::UniqueFd;

TEST(RateLimit, AllowsABurstAndThenItsRate) {
  RateLimit limit(3, 2);
  const auto at = [](double seconds) {
    return TimePoint(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(100 + seconds)));
  };
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit.allow(at(0))) << i;
  EXPECT_FALSE(limit.allow(at(0)));
  EXPECT_FALSE(limit.allow(at(0.4)));
  EXPECT_TRUE(limit.allow(at(0.6)));
  EXPECT_FALSE(limit.allow(at(0.7)));
  EXPECT_FALSE(limit.allow(at(0.2))) << "a clock that went back gives nothing";
  int allowed = 0;
  for (int i = 0; i < 10; ++i) allowed += limit.allow(at(1000)) ? 1 : 0;
  EXPECT_EQ(allowed, 3) << "a long rest gives one burst";
}

// From 127.0.0.1, the gate's own address, or from 127.0.0.2.
UniqueFd connect_to(int port, bool from_another = true) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const NativeAddress from = to_native({IpAddress::v4(INADDR_LOOPBACK + (from_another ? 1 : 0)), 0});
  EXPECT_EQ(bind(fd.get(), from.get(), from.size), 0);
  const NativeAddress to = to_native({IpAddress::v4(INADDR_LOOPBACK), static_cast<uint16_t>(port)});
  EXPECT_EQ(connect(fd.get(), to.get(), to.size), 0);
  return fd;
}

// 0 or an error: the other end has closed it. Blocks until it has, or has written.
ssize_t read_one(const UniqueFd& fd) {
  char octet = 0;
  return recv(fd.get(), &octet, 1, 0);
}

TEST(ConnectionGate, HandsOnWhatConnectsAndClosesAFlood) {
  auto gate = ConnectionGate::listen("127.0.0.1:0");
  ASSERT_TRUE(gate) << gate.error().message;
  std::mutex mutex;
  std::vector<UniqueFd> taken;
  (*gate)->open([&](UniqueFd connection, int) {
    EXPECT_EQ(send(connection.get(), "x", 1, MSG_NOSIGNAL), 1);
    std::lock_guard lock(mutex);
    taken.push_back(std::move(connection));
  });
  constexpr int kConnections = 100;
  int handed_on = 0;
  for (int i = 0; i < kConnections; ++i) handed_on += read_one(connect_to((*gate)->port())) == 1 ? 1 : 0;
  EXPECT_GE(handed_on, ConnectionGate::kBurst);
  EXPECT_LT(handed_on, kConnections);
  for (int i = 0; i < kConnections; ++i) {
    ASSERT_EQ(read_one(connect_to((*gate)->port(), false)), 1) << "a probe of this node's, during the flood";
    ++handed_on;
  }
  std::lock_guard lock(mutex);
  EXPECT_EQ(taken.size(), static_cast<size_t>(handed_on));
}

TEST(ConnectionGate, HandsOnNothingOnceItIsClosed) {
  auto gate = ConnectionGate::listen("127.0.0.1:0");
  ASSERT_TRUE(gate) << gate.error().message;
  (*gate)->open([](UniqueFd, int) { ADD_FAILURE(); });
  const int port = (*gate)->port();
  (*gate)->close();
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const NativeAddress to = to_native({IpAddress::v4(INADDR_LOOPBACK), static_cast<uint16_t>(port)});
  EXPECT_NE(connect(fd.get(), to.get(), to.size), 0);
}

TEST(ConnectionGate, WhatIsNoAddressOfOursOrTakenIsRefused) {
  auto gate = ConnectionGate::listen("127.0.0.1:0");
  ASSERT_TRUE(gate);
  for (const std::string& address :
       {"127.0.0.1:" + std::to_string((*gate)->port()), std::string("192.0.2.77:0"), std::string("127.0.0.1"),
        std::string("127.0.0.1:http-or-so"), std::string("")}) {
    auto refused = ConnectionGate::listen(address);
    ASSERT_FALSE(refused) << address;
    EXPECT_EQ(refused.error().code, ErrorCode::Unavailable);
  }
}

}  // namespace
}  // namespace hawser::agent
