#include "sidecar/crypto/context.h"

#include <gtest/gtest.h>

#include "sidecar/crypto/key_exchange.h"

namespace hawser::crypto {
namespace {

Bytes public_value_of(const Context& context, const catalog::GroupRow& group) {
  auto exchange = KeyExchange::generate(context, group);
  EXPECT_TRUE(exchange) << exchange.error().message;
  BytesView value = (*exchange)->public_value();
  return {value.begin(), value.end()};
}

TEST(Context, SeededGeneratesTheSameKeysForTheSameSeed) {
  auto a = Context::seeded(7);
  auto b = Context::seeded(7);
  auto c = Context::seeded(8);
  ASSERT_TRUE(a && b && c);
  for (const auto& group : catalog::kGroup) {
    Bytes first = public_value_of(**a, group);
    EXPECT_EQ(first, public_value_of(**b, group)) << group.name;
    EXPECT_NE(first, public_value_of(**c, group)) << group.name;
    EXPECT_NE(first, public_value_of(**a, group)) << group.name;
    EXPECT_FALSE(public_value_of(**b, group).empty());
    EXPECT_FALSE(public_value_of(**c, group).empty());
  }
}

TEST(Context, SeededNeverRunsDry) {
  auto context = Context::seeded(1);
  ASSERT_TRUE(context);
  const auto* group = catalog::find_group("ECP256");
  for (int i = 0; i < 500; ++i) ASSERT_EQ(public_value_of(**context, *group).size(), 64u) << i;
}

TEST(Context, SystemGeneratesDifferentKeys) {
  auto context = Context::system();
  ASSERT_TRUE(context);
  const auto* group = catalog::find_group("ECP256");
  EXPECT_NE(public_value_of(**context, *group), public_value_of(**context, *group));
}

TEST(SeededRandom, RepeatsForASeedWhateverTheSizesOfTheRequests) {
  SeededRandom a(3), b(3), c(4);
  Bytes whole(100), parts(100), other(100);
  a.fill(whole);
  b.fill(MutableBytesView(parts).first(1));
  b.fill(MutableBytesView(parts).subspan(1, 70));
  b.fill(MutableBytesView(parts).subspan(71));
  c.fill(other);
  EXPECT_EQ(whole, parts);
  EXPECT_NE(whole, other);
}

TEST(SystemRandom, Fills) {
  SystemRandom random;
  Bytes a(32), b(32);
  random.fill(a);
  random.fill(b);
  random.fill({});
  EXPECT_NE(a, b);
}

}  // namespace
}  // namespace hawser::crypto
