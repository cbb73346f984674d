#include "sidecar/esp/checksum.h"

#include <gtest/gtest.h>

namespace hawser::esp {
namespace {

TEST(Checksum, OfTheExampleIsThatOfRfc1071) {
  Bytes data = *from_hex("0001f203f4f5f6f7");  // RFC 1071 3: sum ddf2
  EXPECT_EQ(checksum_finish(checksum_add(data)), static_cast<uint16_t>(~0xddf2));
  EXPECT_EQ(checksum_finish(checksum_add(BytesView(data).subspan(2), checksum_add(BytesView(data).first(2)))),
            static_cast<uint16_t>(~0xddf2));
}

TEST(Checksum, OfAnOddLengthIsPaddedWithZero) {
  EXPECT_EQ(checksum_add(*from_hex("0001f2")), checksum_add(*from_hex("0001f200")));
}

TEST(Checksum, OfTheLongestPacketDoesNotOverflow) {
  Bytes data(65535, 0xff);
  EXPECT_EQ(checksum_finish(checksum_add(data, checksum_add(data))), checksum_finish(0xff00 + 0xff00));
}

TEST(Checksum, UpdateEqualsComputingItAnewForEveryWord) {
  Bytes data = *from_hex("45000073000040004011b861c0a80001c0a800c7");
  data[10] = data[11] = 0;
  for (uint32_t before = 0; before < 0x10000; before += 251)
    for (uint32_t after : {0u, 1u, 0x00ffu, 0x7fffu, 0xb861u, 0xfffeu, 0xffffu}) {
      store_be16(&data[4], static_cast<uint16_t>(before));
      uint16_t field = checksum_finish(checksum_add(data));
      store_be16(&data[4], static_cast<uint16_t>(after));
      EXPECT_EQ(checksum_update(field, static_cast<uint16_t>(before), static_cast<uint16_t>(after)),
                checksum_finish(checksum_add(data)));
    }
}

}  // namespace
}  // namespace hawser::esp
