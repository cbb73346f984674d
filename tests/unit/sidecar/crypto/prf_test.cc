#include "sidecar/crypto/prf.h"

#include <gtest/gtest.h>

namespace hawser::crypto {
namespace {

class PrfOfHash : public testing::TestWithParam<catalog::IntegrityRow> {
 protected:
  void SetUp() override {
    auto context = Context::system();
    ASSERT_TRUE(context);
    context_ = std::move(context).value();
  }
  std::unique_ptr<Context> context_;
};
INSTANTIATE_TEST_SUITE_P(Catalogue, PrfOfHash, testing::ValuesIn(catalog::kIntegrity),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_P(PrfOfHash, TakesItsPartsAsOneMessage) {
  Bytes key(20, 0x0b);
  SecretBytes whole = prf(*context_, GetParam(), key, {as_bytes("Hi There")});
  EXPECT_EQ(whole.size(), GetParam().key_size);
  EXPECT_TRUE(whole == prf(*context_, GetParam(), key, {as_bytes("Hi"), {}, as_bytes(" There")}));
}

// RFC 7296 2.13: T1 = prf(K, S | 1), T2 = prf(K, T1 | S | 2), ...
TEST_P(PrfOfHash, PlusIsTheChainOfItsBlocks) {
  Bytes key(32, 1);
  BytesView seed = as_bytes("seed");
  size_t size = GetParam().key_size;
  Bytes expected;
  SecretBytes last;
  for (uint8_t n = 1; n <= 5; ++n) {
    last = prf(*context_, GetParam(), key, {last.view(), seed, BytesView(&n, 1)});
    append(expected, last.view());
  }
  for (size_t length : {size_t{0}, size_t{1}, size, size + 1, 5 * size - 1, 5 * size}) {
    SecretBytes got = prf_plus(*context_, GetParam(), key, {seed.first(2), seed.subspan(2)}, length);
    EXPECT_EQ(to_hex(got.view()), to_hex(BytesView(expected).first(length))) << length;
  }
}

TEST_P(PrfOfHash, PlusGoesToItsLimitOf255Blocks) {
  Bytes key(32, 1);
  size_t limit = size_t{255} * GetParam().key_size;
  EXPECT_EQ(prf_plus(*context_, GetParam(), key, {as_bytes("s")}, limit).size(), limit);
  EXPECT_DEATH(prf_plus(*context_, GetParam(), key, {as_bytes("s")}, limit + 1), "CHECK failed");
}

TEST_P(PrfOfHash, AnEmptyKeyIsAKey) {
  EXPECT_FALSE(prf(*context_, GetParam(), {}, {as_bytes("x")}) ==
               prf(*context_, GetParam(), Bytes(1, 1), {as_bytes("x")}));
  EXPECT_TRUE(prf(*context_, GetParam(), {}, {as_bytes("x")}) ==
              prf(*context_, GetParam(), Bytes(1, 0), {as_bytes("x")}))
      << "HMAC pads keys with zeros";
}

// FIPS 180-2, appendices A.1 and B.1.
TEST(Digest, OfAbcIsTheStandards) {
  EXPECT_EQ(to_hex(sha1(as_bytes("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace hawser::crypto
