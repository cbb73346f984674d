#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sidecar/agent/ike_sockets.h"
#include "sidecar/agent/loop.h"
#include "sidecar/agent/socket_address.h"

namespace hawser::agent {
namespace {

// A socket of loopback that sends to itself.
class DatagramReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ASSERT_GE(fd_, 0);
    const int on = 1;
    ASSERT_EQ(setsockopt(fd_, IPPROTO_IP, IP_PKTINFO, &on, sizeof on), 0);
    own_ = to_native({IpAddress::v4(INADDR_LOOPBACK), 0});
    ASSERT_EQ(bind(fd_, own_.get(), own_.size), 0);
    ASSERT_EQ(getsockname(fd_, own_.get(), &own_.size), 0);
  }
  void TearDown() override { close(fd_); }
  void send(const Bytes& payload) {
    ASSERT_EQ(sendto(fd_, payload.data(), payload.size(), 0, own_.get(), own_.size),
              static_cast<ssize_t>(payload.size()));
  }

  int fd_ = -1;
  NativeAddress own_;
  DatagramReader reader_;
};

TEST_F(DatagramReaderTest, GivesWhatCameAndWhereItCame) {
  send({1, 2, 3});
  send({});
  std::vector<ike::Datagram> seen;
  reader_.read(fd_, 500, [&](const ike::Datagram& datagram) { seen.push_back(datagram); });
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].payload, (Bytes{1, 2, 3}));
  EXPECT_EQ(seen[0].remote, from_native(own_.storage));
  EXPECT_EQ(seen[0].local, (SocketAddress{IpAddress::v4(INADDR_LOOPBACK), 500}));
  EXPECT_TRUE(seen[1].payload.empty());
}

TEST_F(DatagramReaderTest, AFloodLeavesTimeForEverythingElse) {
  auto loop = *Loop::create();
  size_t seen = 0, turns = 0;
  // For each datagram that is taken another one comes: without a bound no call would ever end. It ends by
  // itself after a while, so that a failure is one.
  ASSERT_TRUE(loop->watch(fd_, [&] {
    reader_.read(fd_, 500, [&](const ike::Datagram& datagram) {
      if (++seen < 100'000) send(datagram.payload);
    });
  }));
  send({1});
  bool served = false;
  loop->run([&]() -> std::optional<TimePoint> {
    if (++turns == 3) {
      loop->post([&] {
        served = true;
        loop->stop();
      });
    }
    return std::nullopt;
  });
  EXPECT_TRUE(served);
  EXPECT_LE(seen, 5U * DatagramReader::kBatch);
}

}  // namespace
}  // namespace hawser::agent
