#include "common/base/strong_id.h"

#include <gtest/gtest.h>

#include <type_traits>
#include <unordered_set>

namespace hawser {
namespace {

using A = StrongId<struct ATag, uint32_t>;
using B = StrongId<struct BTag, uint32_t>;
static_assert(!std::is_convertible_v<uint32_t, A> && !std::is_convertible_v<A, uint32_t>);
static_assert(!std::is_convertible_v<A, B>);

TEST(StrongId, ComparesHashesAndKnowsZero) {
  EXPECT_EQ(A(1), A(1));
  EXPECT_LT(A(1), A(2));
  EXPECT_FALSE(A());
  EXPECT_TRUE(A(1));
  std::unordered_set<A> set{A(1), A(2), A(1)};
  EXPECT_EQ(set.size(), 2u);
}

}  // namespace
}  // namespace hawser
