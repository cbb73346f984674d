#include "operator/kube/work_queue.h"

#include <gtest/gtest.h>

#include "common/base/random.h"

namespace hawser::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Queue = WorkQueue<std::string>;
constexpr TimePoint kStart{seconds(100)};

TEST(WorkQueue, GivesKeysInTheOrderTheyCame) {
  Queue queue;
  queue.add("b");
  queue.add("a");
  EXPECT_EQ(queue.depth(), 2u);
  EXPECT_EQ(queue.get(kStart), "b");
  EXPECT_EQ(queue.get(kStart), "a");
  EXPECT_EQ(queue.get(kStart), std::nullopt);
  EXPECT_EQ(queue.processing(), 2u);
}

TEST(WorkQueue, AMillionAddsOfOneKeyAreOneItem) {
  Queue queue;
  for (int i = 0; i < 1000000; ++i) queue.add("a");
  EXPECT_EQ(queue.depth(), 1u);
  EXPECT_EQ(queue.adds(), 1u);
  EXPECT_EQ(queue.get(kStart), "a");
  EXPECT_EQ(queue.get(kStart), std::nullopt);
}

TEST(WorkQueue, WhatIsAddedWhileItIsWorkedOnComesAgainAfterwards) {
  Queue queue;
  queue.add("a");
  ASSERT_EQ(queue.get(kStart), "a");
  queue.add("a");
  queue.add("a");
  EXPECT_EQ(queue.get(kStart), std::nullopt) << "never two workers on one key";
  EXPECT_EQ(queue.depth(), 0u);
  queue.done("a");
  EXPECT_EQ(queue.get(kStart), "a");
  queue.done("a");
  EXPECT_EQ(queue.get(kStart), std::nullopt);
}

TEST(WorkQueue, TheEarlierOfTwoTimesWins) {
  Queue queue;
  queue.add_after("a", kStart + seconds(5));
  queue.add_after("a", kStart + seconds(9));
  EXPECT_EQ(queue.next_deadline(), kStart + seconds(5));
  queue.add_after("a", kStart + seconds(2));
  EXPECT_EQ(queue.next_deadline(), kStart + seconds(2));
  EXPECT_EQ(queue.waiting(), 1u);
  EXPECT_EQ(queue.get(kStart + seconds(2) - milliseconds(1)), std::nullopt);
  EXPECT_EQ(queue.get(kStart + seconds(2)), "a");
  queue.done("a");
  EXPECT_EQ(queue.next_deadline(), std::nullopt);
  EXPECT_EQ(queue.get(kStart + seconds(60)), std::nullopt) << "the later time is forgotten";
}

TEST(WorkQueue, WhatIsDueWhileItIsWorkedOnComesAgainAfterwards) {
  Queue queue;
  queue.add("a");
  ASSERT_EQ(queue.get(kStart), "a");
  queue.add_after("a", kStart + seconds(1));
  EXPECT_EQ(queue.get(kStart + seconds(2)), std::nullopt);
  queue.done("a");
  EXPECT_EQ(queue.get(kStart + seconds(2)), "a");
}

TEST(WorkQueue, EachFailureInARowWaitsTwiceAsLong) {
  Queue queue;
  Duration expected = milliseconds(5);
  for (int i = 0; i < 17; ++i, expected *= 2) {
    queue.add_rate_limited("a", kStart);
    EXPECT_EQ(*queue.next_deadline() - kStart, expected) << i;
    ASSERT_EQ(queue.get(kStart + expected), "a");
    queue.done("a");
  }
  EXPECT_EQ(queue.retries(), 17u);
  queue.forget("a");
  queue.add_rate_limited("a", kStart);
  EXPECT_EQ(*queue.next_deadline() - kStart, milliseconds(5));
}

TEST(WorkQueue, TheWaitStopsGrowingAtTheCap) {
  Queue queue;
  for (int i = 0; i < 100000; ++i) {
    queue.add_rate_limited("a", kStart);
    EXPECT_LE(*queue.next_deadline() - kStart, seconds(1000));
    if (i > 18) {
      EXPECT_EQ(*queue.next_deadline() - kStart, seconds(1000));
    }
    ASSERT_TRUE(queue.get(kStart + seconds(1000)));
    queue.done("a");
  }
}

TEST(WorkQueue, OneKeyThatFailsDoesNotStarveAnother) {
  Queue queue;
  queue.add("bad");
  queue.add("good");
  TimePoint now = kStart;
  int good = 0;
  for (int i = 0; i < 1000; ++i, now += milliseconds(10)) {
    while (auto key = queue.get(now)) {
      queue.done(*key);
      if (*key == "bad") {
        queue.add_rate_limited(*key, now);
      } else {
        ++good;
        queue.add_after(*key, now + milliseconds(10));
      }
    }
  }
  EXPECT_EQ(good, 1000);
}

// Random interleavings of all operations. What must hold: a key is with one worker at most, and each add is
// followed by a get() of that key that began after it.
TEST(WorkQueue, NoInterleavingLosesAnAddOrGivesAKeyTwice) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    SeededJitter dice(seed);
    auto roll = [&](int sides) {
      return static_cast<int>(dice.between(Duration(0), Duration(sides - 1)).count());
    };
    Queue queue;
    TimePoint now = kStart;
    std::map<std::string, TimePoint>
        owed;  // an add that no get() has followed: when it must come at the latest
    std::set<std::string> busy;
    auto owe = [&](const std::string& key, TimePoint when) {
      auto [place, is_new] = owed.emplace(key, when);
      if (!is_new) place->second = std::min(place->second, when);
    };
    auto work = [&] {
      auto key = queue.get(now);
      if (!key) {
        for (const auto& [late, when] : owed) {
          EXPECT_TRUE(when > now || busy.contains(late)) << late << " is due and does not come";
        }
        return false;
      }
      EXPECT_TRUE(busy.insert(*key).second) << *key << " is with two workers";
      owed.erase(*key);
      return true;
    };
    for (int i = 0; i < 400; ++i) {
      const std::string key(1, static_cast<char>('a' + roll(5)));
      switch (roll(6)) {
        case 0:
          queue.add(key);
          owe(key, now);
          break;
        case 1: {
          const TimePoint when = now + milliseconds(roll(50));
          queue.add_after(key, when);
          owe(key, when);
          break;
        }
        case 2:
          queue.add_rate_limited(key, now);
          owe(key, now + seconds(1000));
          break;
        case 3:
          if (busy.erase(key)) queue.done(key);
          break;
        case 4:
          now += milliseconds(roll(20));
          break;
        default:
          work();
      }
    }
    now += seconds(2000);
    for (int i = 0; i < 20; ++i) {
      for (const std::string& key : std::exchange(busy, {})) queue.done(key);
      while (work()) {
      }
    }
    EXPECT_TRUE(owed.empty());
    EXPECT_EQ(queue.depth() + queue.waiting(), 0u);
  }
}

}  // namespace
}  // namespace hawser::kube
