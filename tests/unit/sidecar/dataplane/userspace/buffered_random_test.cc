#include "sidecar/dataplane/userspace/buffered_random.h"

#include <gtest/gtest.h>

namespace hawser::dataplane {
namespace {

// 0, 1, 2, ... so that a repeat or a gap shows.
class CountingRandom final : public Random {
 public:
  void fill(MutableBytesView out) override {
    ++calls;
    for (uint8_t& octet : out) octet = next++;
  }
  int calls = 0;

 private:
  uint8_t next = 0;
};

TEST(BufferedRandom, NeverGivesAnOctetTwice) {
  CountingRandom source;
  BufferedRandom random(source);
  uint8_t expected = 0;
  for (int i = 0; i < 600; ++i) {
    std::array<uint8_t, 16> iv{};
    random.fill(iv);
    for (uint8_t octet : iv) ASSERT_EQ(octet, expected++);
  }
  EXPECT_EQ(source.calls, 3) << "9,600 octets from pages of 4,096";
}

TEST(BufferedRandom, PassesLargeRequestsThrough) {
  CountingRandom source;
  BufferedRandom random(source);
  Bytes large(5000);
  random.fill(large);
  EXPECT_EQ(large[4999], static_cast<uint8_t>(4999));
  EXPECT_EQ(source.calls, 1);
}

}  // namespace
}  // namespace hawser::dataplane
