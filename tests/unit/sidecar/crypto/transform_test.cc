#include "sidecar/crypto/transform.h"

#include <gtest/gtest.h>

#include <optional>

namespace hawser::crypto {
namespace {

struct Suite {
  const catalog::EncryptionRow* encryption;
  const catalog::IntegrityRow* integrity;
};

std::vector<Suite> every_suite() {
  std::vector<Suite> out;
  for (const auto& encryption : catalog::kEncryption) {
    if (encryption.aead())
      out.push_back({&encryption, nullptr});
    else
      for (const auto& integrity : catalog::kIntegrity) out.push_back({&encryption, &integrity});
  }
  return out;
}

Bytes counting(size_t size, uint8_t first) {
  Bytes out(size);
  for (size_t i = 0; i < size; ++i) out[i] = static_cast<uint8_t>(first + i);
  return out;
}

class TransformOfSuite : public testing::TestWithParam<Suite> {
 protected:
  void SetUp() override {
    auto context = Context::system();
    ASSERT_TRUE(context);
    context_ = std::move(context).value();
  }
  Result<std::unique_ptr<Transform>> create(size_t extra_encryption = 0, size_t extra_integrity = 0) {
    const auto& [encryption, integrity] = GetParam();
    return Transform::create(
        *context_, *encryption, integrity, counting(encryption->key_material_size() + extra_encryption, 1),
        counting((integrity != nullptr ? integrity->key_size : 0) + extra_integrity, 100));
  }
  // iv | plaintext of `blocks` blocks | icv
  static Bytes message(const Transform& transform, size_t blocks) {
    Bytes out(transform.iv_size(), 0);
    append(out, counting(blocks * transform.block_size(), 7));
    out.resize(out.size() + transform.icv_size());
    return out;
  }
  static BytesView text(const Transform& transform, const Bytes& message) {
    return BytesView(message).subspan(transform.iv_size(),
                                      message.size() - transform.iv_size() - transform.icv_size());
  }

  std::unique_ptr<Context> context_;
  SeededRandom random_{5};
  Bytes aad_ = counting(8, 200);
};

INSTANTIATE_TEST_SUITE_P(Catalogue, TransformOfSuite, testing::ValuesIn(every_suite()),
                         [](const auto& suite) {
                           return std::string(suite.param.encryption->name) +
                                  (suite.param.integrity ? std::string(suite.param.integrity->name) : "");
                         });

TEST_P(TransformOfSuite, OpensWhatItSealed) {
  auto transform = create();
  ASSERT_TRUE(transform) << transform.error().message;
  Transform& t = **transform;
  for (size_t blocks : {size_t{0}, size_t{1}, size_t{2}, size_t{90}}) {
    Bytes sealed = message(t, blocks);
    Bytes plain(text(t, sealed).begin(), text(t, sealed).end());
    t.seal(aad_, sealed, blocks + 1, random_);
    if (GetParam().encryption->kind != catalog::EncryptionKind::Null && blocks > 0) {
      EXPECT_NE(to_hex(text(t, sealed)), to_hex(plain));
    }
    auto opened = t.open(aad_, sealed);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(to_hex(text(t, sealed)), to_hex(plain));
  }
}

TEST_P(TransformOfSuite, RefusesAnyChangedOctetAndLeavesTheContent) {
  auto transform = create();
  ASSERT_TRUE(transform);
  Transform& t = **transform;
  Bytes sealed = message(t, 3);
  t.seal(aad_, sealed, 1, random_);
  for (size_t i = 0; i < sealed.size(); ++i) {
    Bytes changed = sealed;
    changed[i] ^= 0x10;
    const Bytes before = changed;
    auto opened = t.open(aad_, changed);
    ASSERT_FALSE(opened) << i;
    EXPECT_EQ(opened.error().code, ErrorCode::Corrupt);
    EXPECT_EQ(changed, before) << i;
  }
  for (size_t i = 0; i < aad_.size(); ++i) {
    Bytes aad = aad_;
    aad[i] ^= 1;
    EXPECT_FALSE(t.open(aad, sealed)) << i;
  }
  EXPECT_TRUE(t.open(aad_, sealed)) << "after all those refusals";
}

TEST_P(TransformOfSuite, RefusesEveryLengthThatCannotBeRight) {
  auto transform = create();
  ASSERT_TRUE(transform);
  Transform& t = **transform;
  for (size_t size = 0; size < t.iv_size() + t.icv_size() + 3 * t.block_size(); ++size) {
    Bytes garbage(size, 0x5a);
    auto opened = t.open(aad_, garbage);
    ASSERT_FALSE(opened) << size;
    bool fits =
        size >= t.iv_size() + t.icv_size() && (size - t.iv_size() - t.icv_size()) % t.block_size() == 0;
    EXPECT_EQ(opened.error().code, fits ? ErrorCode::Corrupt : ErrorCode::InvalidArgument) << size;
  }
}

TEST_P(TransformOfSuite, RefusesKeysOfAnotherSize) {
  for (auto [encryption, integrity] : {std::pair<size_t, size_t>{1, 0}, {0, 1}}) {
    auto transform = create(encryption, integrity);
    ASSERT_FALSE(transform);
    EXPECT_EQ(transform.error().code, ErrorCode::InvalidArgument);
  }
}

TEST_P(TransformOfSuite, IvIsTheCounterForGcmAndRandomForCbc) {
  auto transform = create();
  ASSERT_TRUE(transform);
  Transform& t = **transform;
  Bytes a = message(t, 1), b = message(t, 1);
  t.seal(aad_, a, 0x0102030405060708, random_);
  t.seal(aad_, b, 0x0102030405060708, random_);
  Bytes iv_a(a.begin(), a.begin() + static_cast<ptrdiff_t>(t.iv_size()));
  switch (GetParam().encryption->kind) {
    case catalog::EncryptionKind::Gcm:
      EXPECT_EQ(to_hex(iv_a), "0102030405060708");
      break;
    case catalog::EncryptionKind::Cbc:
      EXPECT_NE(to_hex(a), to_hex(b));
      break;
    case catalog::EncryptionKind::Null:
      EXPECT_EQ(t.iv_size(), 0u);
      break;
  }
}

TEST(Transform, AnAeadTakesNoIntegrityAndEverythingElseNeedsOne) {
  auto context = Context::system();
  ASSERT_TRUE(context);
  const auto* gcm = catalog::find_esp_encryption("GCMAES256");
  const auto* none = catalog::find_esp_encryption("None");
  const auto* sha = catalog::find_esp_integrity("SHA256");
  Bytes key(gcm->key_material_size(), 1), hmac_key(sha->key_size, 1);
  EXPECT_FALSE(Transform::create(**context, *gcm, sha, key, hmac_key));
  EXPECT_FALSE(Transform::create(**context, *none, nullptr, {}, {}));
  EXPECT_TRUE(Transform::create(**context, *gcm, nullptr, key, {}));
}

}  // namespace
}  // namespace hawser::crypto
