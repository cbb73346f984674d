#include "sidecar/metrics/exposition.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "tests/unit/sidecar/status/sample.h"

namespace hawser::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string scrape(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string text;
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) {
    const char request[] = "GET /metrics HTTP/1.0\r\n\r\n";
    EXPECT_EQ(send(fd, request, std::strlen(request), 0), static_cast<ssize_t>(std::strlen(request)));
    char buffer[4096];
    ssize_t size = 0;
    while ((size = recv(fd, buffer, sizeof buffer, 0)) > 0) text.append(buffer, static_cast<size_t>(size));
  }
  close(fd);
  return text;
}

TEST(ExpositionTest, AScrapeShowsTheLatestSnapshotWhole) {
  auto exposition = Exposition::start("127.0.0.1:0");
  ASSERT_TRUE(exposition);
  const int port = (*exposition)->port();
  EXPECT_THAT(scrape(port), Not(HasSubstr("hawser_")));

  (*exposition)
      ->publish(std::make_shared<const status::Snapshot>(status::sample_snapshot(
          {status::sample_configured("ns/a"), status::sample_configured("ns/b")}, {})));
  EXPECT_THAT(scrape(port), HasSubstr(R"(hawser_connection_up{namespace="ns",connection="b"} 0)"));

  // A connection that is gone leaves no series behind.
  (*exposition)
      ->publish(std::make_shared<const status::Snapshot>(
          status::sample_snapshot({status::sample_configured("ns/a")}, {status::sample_view("ns/a")})));
  const auto text = scrape(port);
  EXPECT_THAT(text, HasSubstr(R"(hawser_connection_up{namespace="ns",connection="a"} 1)"));
  EXPECT_THAT(text, Not(HasSubstr(R"(connection="b")")));
}

// Anybody who reaches the port can hold connections open; that must not blind whoever watches the tunnels.
TEST(ExpositionTest, ConnectionsThatSayNothingDoNotBlockAScrape) {
  auto exposition = Exposition::start("127.0.0.1:0");
  ASSERT_TRUE(exposition);
  const int port = (*exposition)->port();
  std::vector<int> idle;
  for (int i = 0; i < 5; ++i) {
    idle.push_back(socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(connect(idle.back(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }
  EXPECT_THAT(scrape(port), HasSubstr("200 OK"));
  // Those that stay silent are hung up on.
  char octet = 0;
  EXPECT_EQ(recv(idle.front(), &octet, 1, 0), 0);
  for (int fd : idle) close(fd);
}

TEST(ExpositionTest, AnAddressThatIsTakenIsAnError) {
  auto first = Exposition::start("127.0.0.1:0");
  ASSERT_TRUE(first);
  auto second = Exposition::start("127.0.0.1:" + std::to_string((*first)->port()));
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("--metrics-address"));
}

}  // namespace
}  // namespace hawser::metrics
