#include <gtest/gtest.h>

#include <set>

#include "sidecar/crypto/import_key.h"
#include "sidecar/crypto/prf.h"
#include "sidecar/crypto/transform.h"
#include "tests/vectors/vector_file.h"

namespace hawser::crypto {
namespace {

using hawser::testing::load_vector_files;
using hawser::testing::load_vectors;

class Vectors : public ::testing::Test {
 protected:
  Vectors() : context_(Context::system().value()) {}
  std::unique_ptr<Context> context_;
};

// Gives the IV the vector has.
class FixedRandom final : public Random {
 public:
  explicit FixedRandom(Bytes octets) : octets_(std::move(octets)) {}
  void fill(MutableBytesView out) override {
    CHECK(out.size() == octets_.size());
    std::ranges::copy(octets_, out.begin());
  }

 private:
  Bytes octets_;
};

template <typename Rows>
auto row_named(const Rows& rows, std::string_view name) {
  auto found = std::ranges::find(rows, name, [](const auto& row) { return row.name; });
  CHECK(found != rows.end());
  return &*found;
}

TEST_F(Vectors, EveryFileNamesItsSourceFirst) {
  auto files = load_vector_files("");
  EXPECT_GE(files.size(), 11u);
  for (const auto& file : files) {
    EXPECT_TRUE(file.first_line.starts_with("# Source: ")) << file.path;
    EXPECT_GT(file.first_line.size(), 20u) << file.path;
    EXPECT_FALSE(file.records.empty()) << file.path;
  }
}

TEST_F(Vectors, EveryRowOfTheCatalogueHasSome) {
  std::set<std::string> named;
  for (const char* folder : {"cipher", "mac", "key_exchange", "prf"})
    for (const auto& record : load_vectors(folder))
      named.insert(std::string(folder) + "/" + record.text("row"));
  for (const auto& row : catalog::kEncryption)
    EXPECT_EQ(named.contains("cipher/" + std::string(row.name)), row.kind != catalog::EncryptionKind::Null)
        << row.name;
  for (const auto& row : catalog::kIntegrity) {
    EXPECT_TRUE(named.contains("mac/" + std::string(row.name))) << row.name;
    EXPECT_TRUE(named.contains("prf/" + std::string(row.name))) << row.name;
  }
  for (const auto& row : catalog::kGroup)
    EXPECT_TRUE(named.contains("key_exchange/" + std::string(row.name))) << row.name;
}

TEST_F(Vectors, CbcEncryptsAndDecryptsAsTheOthers) {
  const auto* sha = catalog::find_integrity(12);
  size_t tried = 0;
  for (const auto& v : load_vectors("cipher")) {
    const auto* row = row_named(catalog::kEncryption, v.text("row"));
    if (row->kind != catalog::EncryptionKind::Cbc) continue;
    SCOPED_TRACE(v.where);
    auto transform = Transform::create(*context_, *row, sha, v.bytes("key"), Bytes(sha->key_size, 1));
    ASSERT_TRUE(transform) << transform.error().message;
    Bytes message = v.bytes("iv");
    append(message, v.bytes("plaintext"));
    message.resize(message.size() + sha->icv_size);
    FixedRandom iv(v.bytes("iv"));
    (*transform)->seal({}, message, 0, iv);
    size_t size = v.bytes("plaintext").size();
    EXPECT_EQ(to_hex(BytesView(message).subspan(row->iv_size, size)), v.text("ciphertext"));
    ASSERT_TRUE((*transform)->open({}, message));
    EXPECT_EQ(to_hex(BytesView(message).subspan(row->iv_size, size)), v.text("plaintext"));
    ++tried;
  }
  EXPECT_GE(tried, 60u);
}

TEST_F(Vectors, GcmSealsAndRefusesAsTheOthers) {
  size_t good = 0, bad = 0;
  for (const auto& v : load_vectors("cipher")) {
    const auto* row = row_named(catalog::kEncryption, v.text("row"));
    if (!row->aead()) continue;
    SCOPED_TRACE(v.where);
    Bytes nonce = v.bytes("nonce");
    Bytes key = v.bytes("key");
    append(key, BytesView(nonce).first(4));
    auto transform = Transform::create(*context_, *row, nullptr, key, {});
    ASSERT_TRUE(transform) << transform.error().message;
    BytesView iv = BytesView(nonce).subspan(4);
    Bytes expected(iv.begin(), iv.end());
    append(expected, v.bytes("ciphertext"));
    append(expected, v.bytes("tag"));
    Bytes received = expected;
    auto opened = (*transform)->open(v.bytes("aad"), received);
    if (v.text("result") == "invalid") {
      EXPECT_FALSE(opened);
      EXPECT_EQ(received, expected) << "what is refused stays as it was";
      ++bad;
      continue;
    }
    ASSERT_TRUE(opened);
    EXPECT_EQ(to_hex(BytesView(received).subspan(8, received.size() - 24)), v.text("plaintext"));
    FixedRandom none({});
    (*transform)->seal(v.bytes("aad"), received, load_be64(iv.data()), none);
    EXPECT_EQ(to_hex(received), to_hex(expected));
    ++good;
  }
  EXPECT_GE(good, 150u);
  EXPECT_GE(bad, 20u);
}

TEST_F(Vectors, HmacIsTheOthers) {
  for (const auto& v : load_vectors("mac")) {
    SCOPED_TRACE(v.where);
    const auto* row = row_named(catalog::kIntegrity, v.text("row"));
    Bytes message = v.bytes("message");
    SecretBytes digest = prf(*context_, *row, v.bytes("key"), {message});
    Bytes expected = v.bytes("digest");
    EXPECT_TRUE(expected.size() == row->key_size || expected.size() >= 12);
    EXPECT_EQ(to_hex(digest.view().first(expected.size())), to_hex(expected));
  }
}

// RFC 7296 2.14, 2.17 and 2.18.
TEST_F(Vectors, KeyDerivationIsTheOthers) {
  for (const auto& v : load_vectors("prf")) {
    SCOPED_TRACE(v.where);
    const auto* row = row_named(catalog::kIntegrity, v.text("row"));
    Bytes ni = v.bytes("ni"), nr = v.bytes("nr"), expected = v.bytes("output");
    Bytes secret = v.has("secret") ? v.bytes("secret") : Bytes();
    SecretBytes got;
    if (v.text("kind") == "skeyseed") {
      Bytes key = ni;
      append(key, nr);
      got = prf(*context_, *row, key, {secret});
    } else if (v.text("kind") == "ike_keys") {
      got = prf_plus(*context_, *row, v.bytes("key"), {ni, nr, v.bytes("spii"), v.bytes("spir")},
                     expected.size());
    } else if (v.text("kind") == "child_keys") {
      got = prf_plus(*context_, *row, v.bytes("key"), {secret, ni, nr}, expected.size());
    } else {
      ASSERT_EQ(v.text("kind"), "rekey");
      got = prf(*context_, *row, v.bytes("key"), {secret, ni, nr});
    }
    EXPECT_EQ(to_hex(got.view()), to_hex(expected));
  }
}

TEST_F(Vectors, DiffieHellmanAcceptsAndRefusesAsTheOthers) {
  size_t leading_zero = 0, refused = 0;
  for (const auto& v : load_vectors("key_exchange")) {
    SCOPED_TRACE(v.where);
    const auto* row = row_named(catalog::kGroup, v.text("row"));
    auto exchange = import_key_exchange(*context_, *row, v.bytes("private"));
    ASSERT_TRUE(exchange) << exchange.error().message;
    if (v.has("public")) {
      EXPECT_EQ(to_hex((*exchange)->public_value()), v.text("public"));
    }
    auto secret = (*exchange)->shared_secret(v.bytes("peer"));
    if (v.has("result") && v.text("result") == "invalid") {
      ASSERT_FALSE(secret);
      EXPECT_EQ(secret.error().code, ErrorCode::InvalidArgument);
      ++refused;
      continue;
    }
    ASSERT_TRUE(secret) << secret.error().message;
    EXPECT_EQ(to_hex(secret->view()), v.text("secret"));
    leading_zero += secret->view()[0] == 0 ? 1 : 0;
    if (v.has("peer_private")) {
      auto peer = import_key_exchange(*context_, *row, v.bytes("peer_private"));
      ASSERT_TRUE(peer);
      EXPECT_EQ(to_hex((*peer)->public_value()), v.text("peer"));
    }
  }
  EXPECT_GE(leading_zero, 8u);
  EXPECT_GE(refused, 20u);
}

// The generator of key_exchange/modp.txt recomputes the primes from pi and proves them.
TEST_F(Vectors, ThePrimesOfTheCatalogueAreTheDefinitions) {
  size_t compared = 0;
  for (const auto& v : load_vectors("key_exchange")) {
    const auto* row = row_named(catalog::kGroup, v.text("row"));
    if (!v.has("modulus") || row->prime_hex.empty()) continue;
    EXPECT_EQ(v.bytes("modulus"), *from_hex(row->prime_hex)) << v.where;
    ++compared;
  }
  EXPECT_GE(compared, 10u);
}

}  // namespace
}  // namespace hawser::crypto
