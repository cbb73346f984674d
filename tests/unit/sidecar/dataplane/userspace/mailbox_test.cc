#include "sidecar/dataplane/userspace/mailbox.h"

#include <gtest/gtest.h>
#include <poll.h>

namespace hawser::dataplane {
namespace {

bool readable(const Mailbox& mailbox) {
  pollfd descriptor{.fd = mailbox.fd(), .events = POLLIN, .revents = 0};
  return poll(&descriptor, 1, 0) == 1;
}

UdpDatagram datagram(size_t size) { return {{}, {}, Bytes(size)}; }

TEST(Mailbox, IsReadableWhileSomethingWaits) {
  auto mailbox = Mailbox::create().value();
  EXPECT_FALSE(readable(*mailbox));
  mailbox->post(sa::FirstInboundPacket{sa::Spi(1)});
  mailbox->post(datagram(3));
  EXPECT_TRUE(readable(*mailbox));
  EXPECT_TRUE(mailbox->poll_event());
  EXPECT_TRUE(readable(*mailbox));
  EXPECT_TRUE(mailbox->poll_datagram());
  EXPECT_FALSE(readable(*mailbox));
  EXPECT_FALSE(mailbox->poll_event());
  EXPECT_FALSE(mailbox->poll_datagram());
  mailbox->post(datagram(3));
  EXPECT_TRUE(readable(*mailbox));
}

TEST(Mailbox, BoundsDatagramsByNumberAndByOctets) {
  auto mailbox = Mailbox::create().value();
  for (size_t i = 0; i < Mailbox::kMaxDatagrams + 10; ++i) mailbox->post(datagram(1));
  size_t count = 0;
  while (mailbox->poll_datagram()) ++count;
  EXPECT_EQ(count, Mailbox::kMaxDatagrams);

  for (int i = 0; i < 100; ++i) mailbox->post(datagram(60000));
  count = 0;
  while (mailbox->poll_datagram()) ++count;
  EXPECT_EQ(count, Mailbox::kMaxDatagramBytes / 60000);
  mailbox->post(datagram(60000));
  EXPECT_TRUE(mailbox->poll_datagram()) << "room again";
}

TEST(Mailbox, DropsActivityWhenFullButNeverWhatHappensOnce) {
  auto mailbox = Mailbox::create().value();
  for (size_t i = 0; i < Mailbox::kMaxActivity + 10; ++i) mailbox->post(sa::InboundActivity{sa::Spi(1)});
  mailbox->post(sa::HardLifetimeReached{sa::Spi(2)});
  size_t activity = 0, hard = 0;
  while (auto event = mailbox->poll_event())
    ++(std::holds_alternative<sa::HardLifetimeReached>(*event) ? hard : activity);
  EXPECT_EQ(activity, Mailbox::kMaxActivity);
  EXPECT_EQ(hard, 1u);
}

}  // namespace
}  // namespace hawser::dataplane
