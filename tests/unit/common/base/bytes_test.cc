#include "common/base/bytes.h"

#include <gtest/gtest.h>

namespace hawser {
namespace {

TEST(Hex, GoesThereAndBackForEveryOctet) {
  Bytes all(256);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint8_t>(i);
  EXPECT_EQ(to_hex(BytesView(all).first(3)), "000102");
  auto back = from_hex(to_hex(all));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, all);
  EXPECT_EQ(to_hex({}), "");
}

TEST(Hex, IsReadInBothCases) {
  EXPECT_EQ(*from_hex("aBcDeF"), (Bytes{0xab, 0xcd, 0xef}));
  EXPECT_EQ(*from_hex(""), Bytes());
}

TEST(Hex, RefusesOddLengthAndOtherCharacters) {
  for (const char* wrong : {"a", "abc", "0g", "g0", " 0", "0x", "\xc3\xa4"}) {
    auto bytes = from_hex(wrong);
    ASSERT_FALSE(bytes) << wrong;
    EXPECT_EQ(bytes.error().code, ErrorCode::InvalidArgument);
  }
}

TEST(BigEndian, StoresAndLoadsEveryWidth) {
  uint8_t buffer[8];
  store_be16(buffer, 0xfedc);
  EXPECT_EQ(to_hex(BytesView(buffer).first(2)), "fedc");
  EXPECT_EQ(load_be16(buffer), 0xfedc);
  store_be32(buffer, 0xfedcba98);
  EXPECT_EQ(to_hex(BytesView(buffer).first(4)), "fedcba98");
  EXPECT_EQ(load_be32(buffer), 0xfedcba98);
  store_be64(buffer, 0xfedcba9876543210);
  EXPECT_EQ(to_hex(buffer), "fedcba9876543210");
  EXPECT_EQ(load_be64(buffer), 0xfedcba9876543210);
}

}  // namespace
}  // namespace hawser
