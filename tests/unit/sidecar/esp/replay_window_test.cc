#include "sidecar/esp/replay_window.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace hawser::esp {
namespace {

TEST(ReplayWindow, RefusesZeroAndWhatWasSeen) {
  ReplayWindow window;
  EXPECT_FALSE(window.check(0));
  EXPECT_TRUE(window.check(1));
  window.advance(1);
  EXPECT_FALSE(window.check(1));
  EXPECT_TRUE(window.check(2));
}

TEST(ReplayWindow, IsAtLeast1024NumbersWide) { EXPECT_GE(ReplayWindow::kSize, 1024u); }

TEST(ReplayWindow, CheckingDoesNotMoveIt) {
  ReplayWindow window;
  EXPECT_TRUE(window.check(UINT32_MAX));
  EXPECT_EQ(window.highest(), 0u);
  EXPECT_TRUE(window.check(1));
}

TEST(ReplayWindow, AcceptsTheOldestItHoldsAndNothingOlder) {
  ReplayWindow window;
  uint32_t top = 100'000;
  window.advance(top);
  EXPECT_TRUE(window.check(top - ReplayWindow::kSize + 1));
  EXPECT_FALSE(window.check(top - ReplayWindow::kSize));
}

TEST(ReplayWindow, ReachesTheLastNumberAndStops) {
  ReplayWindow window;
  window.advance(UINT32_MAX - 1);
  window.advance(UINT32_MAX);
  EXPECT_FALSE(window.check(UINT32_MAX));
  EXPECT_FALSE(window.check(1));
  EXPECT_TRUE(window.check(UINT32_MAX - 5));
}

// Against the definition: a set of everything seen.
TEST(ReplayWindow, AgreesWithTheDefinitionWhateverTheOrder) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    ReplayWindow window;
    std::set<uint32_t> seen;
    uint32_t highest = 0;
    for (int i = 0; i < 5000; ++i) {
      static constexpr uint32_t kJumps[] = {1, 2, 63, 64, 65, 1000, 1983, 1984, 1985, 2048, 2049, 5000};
      uint32_t sequence = random() % 4 == 0 ? highest + kJumps[random() % std::size(kJumps)]
                                            : highest - std::min<uint32_t>(highest, random() % 2200);
      bool expected = sequence != 0 && !seen.contains(sequence) &&
                      (sequence > highest || highest - sequence < ReplayWindow::kSize);
      ASSERT_EQ(window.check(sequence), expected) << "seed " << seed << ", number " << sequence;
      if (!expected || random() % 3 == 0) continue;
      window.advance(sequence);
      seen.insert(sequence);
      highest = std::max(highest, sequence);
      ASSERT_EQ(window.highest(), highest);
    }
  }
}

}  // namespace
}  // namespace hawser::esp
