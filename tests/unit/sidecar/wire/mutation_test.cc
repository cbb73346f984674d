#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/sidecar/wire/samples.h"

// Every one-bit and two-bit flip and every truncation of a good message of each exchange. Nothing may crash
// (the sanitizers watch), and what still parses must be a fixed point: serialized and parsed again it is the
// same message.
namespace hawser::wire {
namespace {

// A selector of an unknown type is not kept; a payload without any other cannot be sent again.
bool can_be_sent(const Message& message) {
  return std::ranges::none_of(message.payloads, [](const Payload& payload) {
    const auto* ts = std::get_if<TsPayload>(&payload);
    return ts != nullptr && ts->selectors.empty();
  });
}

// True when it parsed.
bool try_message(const Bytes& datagram) {
  auto parsed = parse(datagram);
  if (!parsed) return false;
  if (!can_be_sent(*parsed)) return true;
  Bytes again = serialize(*parsed);
  auto reparsed = parse(again);
  if (!reparsed || serialize(*reparsed) != again) ADD_FAILURE() << "not a fixed point: " << to_hex(datagram);
  return true;
}

void flip(Bytes& datagram, size_t bit) { datagram[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8)); }

struct Count {
  size_t parsed = 0;
  size_t refused = 0;
};

void note(Count& count, bool parsed) { ++(parsed ? count.parsed : count.refused); }

Count try_all_flips(Bytes datagram) {
  Count count;
  const size_t bits = datagram.size() * 8;
  for (size_t i = 0; i < bits; ++i) {
    flip(datagram, i);
    note(count, try_message(datagram));
    for (size_t j = i + 1; j < bits; ++j) {
      flip(datagram, j);
      note(count, try_message(datagram));
      flip(datagram, j);
    }
    flip(datagram, i);
  }
  EXPECT_EQ(count.parsed + count.refused, bits * (bits + 1) / 2);
  return count;
}

class Mutation : public testing::TestWithParam<Message (*)()> {};

TEST_P(Mutation, NoFlipOfOneOrTwoBitsBreaksTheParser) {
  Bytes good = serialize(GetParam()());
  ASSERT_TRUE(try_message(good));
  Count count = try_all_flips(good);
  EXPECT_GT(count.parsed, 0u);
  EXPECT_GT(count.refused, 0u);
}

TEST_P(Mutation, EveryTruncationIsRefused) {
  Bytes good = serialize(GetParam()());
  for (size_t size = 0; size < good.size(); ++size) {
    Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(try_message(cut)) << size;
    if (size < kHeaderSize) continue;
    // The same with the header's length set right: now the chain itself ends early.
    store_be32(cut.data() + 24, static_cast<uint32_t>(size));
    EXPECT_FALSE(try_message(cut)) << size;
  }
}

INSTANTIATE_TEST_SUITE_P(Samples, Mutation,
                         testing::Values(&ike_sa_init, &ike_auth, &rekey_child, &informational, &sealed));

}  // namespace
}  // namespace hawser::wire
