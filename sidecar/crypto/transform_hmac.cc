#include <algorithm>
#include <string>

#include "sidecar/crypto/cipher.h"

namespace hawser::crypto {
namespace {

// Room for the longest digest of the catalogue (SHA384).
constexpr size_t kMaxDigest = 48;

// The ICV half of CBC and NULL: encrypt-then-MAC over everything before the ICV.
class HmacIcv {
 public:
  HmacIcv(Hmac hmac, size_t size) : hmac_(std::move(hmac)), size_(size) {}
  size_t size() const { return size_; }

  void write(BytesView aad, MutableBytesView message) {
    std::array<uint8_t, kMaxDigest> digest;
    compute(aad, message.first(message.size() - size_), digest);
    std::copy_n(digest.begin(), size_, message.end() - static_cast<ptrdiff_t>(size_));
  }

  bool good(BytesView aad, BytesView message) {
    std::array<uint8_t, kMaxDigest> digest;
    compute(aad, message.first(message.size() - size_), digest);
    return equal_constant_time(BytesView(digest).first(size_), message.last(size_));
  }

 private:
  void compute(BytesView aad, BytesView covered, MutableBytesView digest) {
    hmac_.start();
    hmac_.update(aad);
    hmac_.update(covered);
    hmac_.finish(digest);
  }

  Hmac hmac_;
  size_t size_;
};

// Texts short enough for std::string's own buffer: a flood of forged packets costs no allocation.
Error wrong_length() { return {ErrorCode::InvalidArgument, "wrong length"}; }
Error wrong_icv() { return {ErrorCode::Corrupt, "wrong ICV"}; }

class CbcTransform final : public Transform {
 public:
  CbcTransform(const catalog::EncryptionRow& row, CipherCtxPtr encryptor, CipherCtxPtr decryptor, HmacIcv icv)
      : row_(row), encryptor_(std::move(encryptor)), decryptor_(std::move(decryptor)), icv_(std::move(icv)) {}

  size_t iv_size() const override { return row_.iv_size; }
  size_t icv_size() const override { return icv_.size(); }
  size_t block_size() const override { return row_.block_size; }

  void seal(BytesView aad, MutableBytesView message, uint64_t /*counter*/, Random& random) override {
    CHECK(fits(message.size()));
    // Unpredictable for each packet (RFC 3602 3): a counter in the clear would let a peer's payload choose
    // blocks.
    random.fill(message.first(iv_size()));
    crypt(encryptor_.get(), message, 1);
    icv_.write(aad, message);
  }

  Result<void> open(BytesView aad, MutableBytesView message) override {
    if (!fits(message.size())) return wrong_length();
    if (!icv_.good(aad, message)) return wrong_icv();
    crypt(decryptor_.get(), message, 0);
    return {};
  }

 private:
  bool fits(size_t size) const {
    size_t fixed = iv_size() + icv_size();
    return size >= fixed && size <= INT32_MAX && (size - fixed) % block_size() == 0;
  }

  void crypt(EVP_CIPHER_CTX* cipher, MutableBytesView message, int encrypt) const {
    MutableBytesView text = message.subspan(iv_size(), message.size() - iv_size() - icv_size());
    if (text.empty()) return;
    int written = 0;
    CHECK(EVP_CipherInit_ex2(cipher, nullptr, nullptr, message.data(), encrypt, nullptr) == 1);
    CHECK(EVP_CipherUpdate(cipher, text.data(), &written, text.data(), static_cast<int>(text.size())) == 1);
    CHECK(static_cast<size_t>(written) == text.size());
  }

  const catalog::EncryptionRow& row_;
  CipherCtxPtr encryptor_;
  CipherCtxPtr decryptor_;
  HmacIcv icv_;
};

// ENCR_NULL (RFC 2410): no IV, the text as it is.
class NullTransform final : public Transform {
 public:
  explicit NullTransform(HmacIcv icv) : icv_(std::move(icv)) {}

  size_t iv_size() const override { return 0; }
  size_t icv_size() const override { return icv_.size(); }
  size_t block_size() const override { return 1; }

  void seal(BytesView aad, MutableBytesView message, uint64_t /*counter*/, Random& /*random*/) override {
    CHECK(message.size() >= icv_.size());
    icv_.write(aad, message);
  }

  Result<void> open(BytesView aad, MutableBytesView message) override {
    if (message.size() < icv_.size()) return wrong_length();
    if (!icv_.good(aad, message)) return wrong_icv();
    return {};
  }

 private:
  HmacIcv icv_;
};

}  // namespace

Result<std::unique_ptr<Transform>> create_cbc(const Context& context,
                                              const catalog::EncryptionRow& encryption, BytesView key,
                                              Hmac hmac, size_t icv_size) {
  CipherCtxPtr encryptor = keyed_cipher(context, encryption, key, true);
  CipherCtxPtr decryptor = keyed_cipher(context, encryption, key, false);
  if (!encryptor || !decryptor)
    return ossl_error(ErrorCode::Unsupported,
                      "OpenSSL: " + std::string(encryption.openssl_name) + " is not available");
  return std::unique_ptr<Transform>(std::make_unique<CbcTransform>(
      encryption, std::move(encryptor), std::move(decryptor), HmacIcv(std::move(hmac), icv_size)));
}

std::unique_ptr<Transform> create_null(Hmac hmac, size_t icv_size) {
  return std::make_unique<NullTransform>(HmacIcv(std::move(hmac), icv_size));
}

}  // namespace hawser::crypto
