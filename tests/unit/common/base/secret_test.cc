#include "common/base/secret.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <type_traits>

namespace hawser {
namespace {

static_assert(!std::is_copy_constructible_v<SecretBytes> && !std::is_copy_assignable_v<SecretBytes>);
static_assert(std::is_nothrow_move_constructible_v<SecretBytes>);
template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};
static_assert(!Streamable<SecretBytes>, "a secret must not slip into a log");

TEST(SecretBytes, ClearOverwritesTheMemoryItHad) {
  SecretBytes secret(Bytes(64, 0x5a));
  const volatile uint8_t* memory = secret.view().data();
  secret.clear();
  EXPECT_TRUE(secret.empty());
  // The storage is still the vector's: clear() keeps the capacity.
  for (size_t i = 0; i < 64; ++i) ASSERT_EQ(memory[i], 0) << i;
}

TEST(SecretBytes, MovingLeavesNothingBehind) {
  SecretBytes a(Bytes(32, 1));
  SecretBytes b(std::move(a));
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): that is the question
  EXPECT_EQ(b.size(), 32u);
  SecretBytes c(Bytes(8, 2));
  c = std::move(b);
  EXPECT_TRUE(b.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(c.view()[0], 1);
}

TEST(SecretBytes, CloneIsEqualAndItsOwn) {
  SecretBytes a(Bytes(32, 1));
  SecretBytes b = a.clone();
  EXPECT_TRUE(a == b);
  b.mutable_view()[31] ^= 1;
  EXPECT_FALSE(a == b);
  EXPECT_FALSE(a == SecretBytes(Bytes(31, 1)));
}

TEST(EqualConstantTime, FindsADifferenceInEveryPlace) {
  Bytes a(70, 7);
  EXPECT_TRUE(equal_constant_time(a, a));
  EXPECT_TRUE(equal_constant_time({}, {}));
  for (size_t i = 0; i < a.size(); ++i)
    for (uint8_t bit : {0x01, 0x80}) {
      Bytes b = a;
      b[i] ^= bit;
      EXPECT_FALSE(equal_constant_time(a, b));
    }
  EXPECT_FALSE(equal_constant_time(a, BytesView(a).first(69)));
}

TEST(Wipe, OverwritesAndTakesNothingToo) {
  Bytes memory(10, 9);
  wipe(memory);
  EXPECT_TRUE(std::ranges::all_of(memory, [](uint8_t b) { return b == 0; }));
  wipe({});
}

}  // namespace
}  // namespace hawser
