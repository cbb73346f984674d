#include "sidecar/crypto/key_exchange.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace hawser::crypto {
namespace {

class KeyExchangeOfGroup : public testing::TestWithParam<catalog::GroupRow> {
 protected:
  void SetUp() override {
    auto context = Context::seeded(11);
    ASSERT_TRUE(context);
    context_ = std::move(context).value();
  }
  std::unique_ptr<KeyExchange> generate() {
    auto exchange = KeyExchange::generate(*context_, group());
    CHECK(exchange.has_value());
    return std::move(exchange).value();
  }
  // The row that outlives the test: rows are passed by reference.
  const catalog::GroupRow& group() const { return *catalog::find_group(GetParam().id); }
  std::unique_ptr<Context> context_;
};

std::string group_name(const testing::TestParamInfo<catalog::GroupRow>& info) {
  return std::string(info.param.name);
}
INSTANTIATE_TEST_SUITE_P(Catalogue, KeyExchangeOfGroup, testing::ValuesIn(catalog::kGroup), group_name);

TEST_P(KeyExchangeOfGroup, BothSidesGetTheSameSecretOfFullLength) {
  auto a = generate();
  auto b = generate();
  EXPECT_EQ(a->public_value().size(), group().public_size);
  EXPECT_EQ(&a->group(), &group());
  auto ab = a->shared_secret(b->public_value());
  auto ba = b->shared_secret(a->public_value());
  ASSERT_TRUE(ab) << ab.error().message;
  ASSERT_TRUE(ba) << ba.error().message;
  EXPECT_EQ(ab->size(), group().secret_size);
  EXPECT_TRUE(*ab == *ba);
}

TEST_P(KeyExchangeOfGroup, RefusesAValueOfAnotherLength) {
  auto a = generate();
  auto b = generate();
  Bytes value(b->public_value().begin(), b->public_value().end());
  Bytes longer = value;
  longer.insert(longer.begin(), 0);
  for (const Bytes& wrong : {Bytes{}, Bytes(value.begin() + 1, value.end()), longer}) {
    auto secret = a->shared_secret(wrong);
    ASSERT_FALSE(secret);
    EXPECT_EQ(secret.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(secret.error().message.find(std::to_string(wrong.size()) + " octets"), std::string::npos);
  }
}

TEST_P(KeyExchangeOfGroup, RefusesZeroAndAllOnes) {
  auto a = generate();
  EXPECT_FALSE(a->shared_secret(Bytes(group().public_size, 0)));
  EXPECT_FALSE(a->shared_secret(Bytes(group().public_size, 0xff)));
}

class KeyExchangeOfModp : public KeyExchangeOfGroup {};
std::vector<catalog::GroupRow> of_kind(catalog::GroupKind kind) {
  std::vector<catalog::GroupRow> out;
  std::ranges::copy_if(catalog::kGroup, std::back_inserter(out),
                       [&](const auto& row) { return row.kind == kind; });
  return out;
}
INSTANTIATE_TEST_SUITE_P(Catalogue, KeyExchangeOfModp, testing::ValuesIn(of_kind(catalog::GroupKind::Modp)),
                         group_name);

// RFC 2409 6.1, 6.2; RFC 3526 3; RFC 5114 2.3, first and last octets: enough to place p - 1, p and p + 1.
Bytes modulus(const catalog::GroupRow& group) {
  static constexpr std::string_view kModp2048 =
      "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
      "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
      "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
      "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
      "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
      "15728E5A8AACAA68FFFFFFFFFFFFFFFF";
  static constexpr std::string_view kGroup24 =
      "87A8E61DB4B6663CFFBBD19C651959998CEEF608660DD0F25D2CEED4435E3B00E00DF8F1D61957D4FAF7DF4561B2AA30"
      "16C3D91134096FAA3BF4296D830E9A7C209E0C6497517ABD5A8A9D306BCF67ED91F9E6725B4758C022E0B1EF4275BF7B"
      "6C5BFC11D45F9088B941F54EB1E59BB8BC39A0BF12307F5C4FDB70C581B23F76B63ACAE1CAA6B7902D52526735488A0E"
      "F13C6D9A51BFA4AB3AD8347796524D8EF6A167B5A41825D967E144E5140564251CCACB83E6B486F6B3CA3F7971506026"
      "C0B857F689962856DED4010ABD0BE621C3A3960A54E710C375F26375D7014103A4B54330C198AF126116D2276E11715F"
      "693877FAD7EF09CADB094AE91E1A1597";
  std::string_view hex = group.id == 14 ? kModp2048 : group.id == 24 ? kGroup24 : group.prime_hex;
  return *from_hex(hex);
}

Bytes plus(Bytes number, int delta) {
  number.back() = static_cast<uint8_t>(number.back() + delta);  // never carries for the values used here
  return number;
}

TEST_P(KeyExchangeOfModp, RefusesWhatIsNotBetweenOneAndTheModulusLessOne) {
  auto a = generate();
  Bytes p = modulus(group());
  Bytes one = plus(Bytes(group().public_size, 0), 1);
  for (const Bytes& wrong : {one, plus(p, -1), p}) {
    auto secret = a->shared_secret(wrong);
    ASSERT_FALSE(secret) << to_hex(wrong);
    EXPECT_EQ(secret.error().code, ErrorCode::InvalidArgument);
  }
  EXPECT_TRUE(a->shared_secret(plus(one, 1)));
  EXPECT_TRUE(a->shared_secret(plus(p, -2)));
}

class KeyExchangeOfEcp : public KeyExchangeOfGroup {};
INSTANTIATE_TEST_SUITE_P(Catalogue, KeyExchangeOfEcp, testing::ValuesIn(of_kind(catalog::GroupKind::Ecp)),
                         group_name);

TEST_P(KeyExchangeOfEcp, RefusesAPointThatIsNotOnTheCurve) {
  auto a = generate();
  auto b = generate();
  Bytes value(b->public_value().begin(), b->public_value().end());
  value.back() ^= 1;
  auto secret = a->shared_secret(value);
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().code, ErrorCode::InvalidArgument);
  EXPECT_TRUE(a->shared_secret(b->public_value())) << "a refusal leaves nothing behind";
}

}  // namespace
}  // namespace hawser::crypto
