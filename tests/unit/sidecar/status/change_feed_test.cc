#include "sidecar/status/change_feed.h"

#include <gtest/gtest.h>

#include "tests/unit/sidecar/status/sample.h"

namespace hawser::status {
namespace {

Snapshot with_message(const std::string& message) {
  auto view = sample_view("ns/a");
  view.message = message;
  return sample_snapshot({sample_configured("ns/a"), sample_configured("ns/b")}, {view, sample_view("ns/b")});
}

TEST(ChangeFeedTest, TheFirstIsFullEvenWhenEmpty) {
  ChangeFeed feed;
  auto first = feed.poll(at(1), sample_snapshot({}, {}));
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->full());
  EXPECT_EQ(first->connections_size(), 0);
  EXPECT_FALSE(feed.poll(at(2), sample_snapshot({}, {})));
}

TEST(ChangeFeedTest, LaterOnesHoldOnlyWhatChanged) {
  ChangeFeed feed;
  EXPECT_EQ(feed.poll(at(1), with_message("x"))->connections_size(), 2);
  EXPECT_FALSE(feed.poll(at(5), with_message("x")));
  auto changed = feed.poll(at(9), with_message("y"));
  ASSERT_TRUE(changed);
  EXPECT_FALSE(changed->full());
  ASSERT_EQ(changed->connections_size(), 1);
  EXPECT_EQ(changed->connections(0).established_message(), "y");
}

TEST(ChangeFeedTest, AtMostOneASecondForAConnection) {
  ChangeFeed feed;
  feed.poll(at(1), with_message("x"));
  EXPECT_FALSE(feed.poll(at(1) + std::chrono::milliseconds(400), with_message("y")));
  EXPECT_EQ(feed.next_due(), at(2));
  EXPECT_FALSE(feed.poll(at(1) + std::chrono::milliseconds(900), with_message("z")));
  auto latest = feed.poll(at(2), with_message("z"));
  ASSERT_TRUE(latest);
  EXPECT_EQ(latest->connections(0).established_message(), "z");
  EXPECT_EQ(feed.next_due(), std::nullopt);
}

TEST(ChangeFeedTest, CountersAreNoChange) {
  ChangeFeed feed;
  auto snapshot = with_message("x");
  feed.poll(at(1), snapshot);
  snapshot.connections[0].counters.receive_packets = 9;
  snapshot.connections[0].tally.retransmits = 9;
  EXPECT_FALSE(feed.poll(at(5), snapshot));
}

TEST(ChangeFeedTest, AConnectionThatComesBackIsToldAgain) {
  ChangeFeed feed;
  feed.poll(at(1), with_message("x"));
  EXPECT_FALSE(feed.poll(at(2), sample_snapshot({}, {})));
  EXPECT_EQ(feed.poll(at(3), with_message("x"))->connections_size(), 2);
}

}  // namespace
}  // namespace hawser::status
