#include "sidecar/agent/loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace hawser::agent {
namespace {

TEST(LoopTest, RunsTasksOfOtherThreadsInOrder) {
  auto loop = Loop::create();
  ASSERT_TRUE(loop);
  std::vector<int> seen;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) (*loop)->post([&seen, i] { seen.push_back(i); });
    (*loop)->post([&] { (*loop)->stop(); });
  });
  (*loop)->run([] { return std::nullopt; });
  other.join();
  ASSERT_EQ(seen.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(seen[static_cast<size_t>(i)], i);
}

TEST(LoopTest, WakesAtADeadlineThatIsAlreadyPast) {
  auto loop = Loop::create();
  ASSERT_TRUE(loop);
  int turns = 0;
  (*loop)->run([&]() -> std::optional<TimePoint> {
    if (++turns == 3) (*loop)->stop();
    return TimePoint(Duration(1));
  });
  EXPECT_EQ(turns, 3);
}

TEST(LoopTest, CallsWhoeverWatchesADescriptor) {
  auto loop = Loop::create();
  ASSERT_TRUE(loop);
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  int called = 0;
  ASSERT_TRUE((*loop)->watch(ends[0], [&] {
    ++called;
    (*loop)->unwatch(ends[0]);
    (*loop)->post([&] { (*loop)->stop(); });
  }));
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  (*loop)->run([] { return std::nullopt; });
  EXPECT_EQ(called, 1);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace hawser::agent
