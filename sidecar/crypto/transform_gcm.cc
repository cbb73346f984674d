#include <algorithm>
#include <string>

#include "sidecar/crypto/cipher.h"

namespace hawser::crypto {
namespace {

constexpr size_t kSaltSize = 4;  // RFC 4106 4
constexpr size_t kIvSize = 8;
constexpr size_t kIcvSize = 16;

class GcmTransform final : public Transform {
 public:
  GcmTransform(CipherCtxPtr encryptor, CipherCtxPtr decryptor, BytesView salt)
      : encryptor_(std::move(encryptor)), decryptor_(std::move(decryptor)) {
    std::ranges::copy(salt, salt_.begin());
  }
  ~GcmTransform() override { wipe(salt_); }

  size_t iv_size() const override { return kIvSize; }
  size_t icv_size() const override { return kIcvSize; }
  size_t block_size() const override { return 1; }

  void seal(BytesView aad, MutableBytesView message, uint64_t counter, Random& /*random*/) override {
    CHECK(message.size() >= kIvSize + kIcvSize && message.size() <= INT32_MAX);
    store_be64(message.data(), counter);
    int ignored = 0;
    uint8_t end;
    start(encryptor_.get(), aad, message, 1);
    update(encryptor_.get(), message);
    CHECK(EVP_CipherFinal_ex(encryptor_.get(), &end, &ignored) == 1);
    CHECK(EVP_CIPHER_CTX_ctrl(encryptor_.get(), EVP_CTRL_AEAD_GET_TAG, kIcvSize, icv_of(message)) == 1);
  }

  Result<void> open(BytesView aad, MutableBytesView message) override {
    if (message.size() < kIvSize + kIcvSize || message.size() > INT32_MAX)
      return Error{ErrorCode::InvalidArgument, "wrong length"};
    int ignored = 0;
    uint8_t end;
    start(decryptor_.get(), aad, message, 0);
    CHECK(EVP_CIPHER_CTX_ctrl(decryptor_.get(), EVP_CTRL_AEAD_SET_TAG, kIcvSize, icv_of(message)) == 1);
    update(decryptor_.get(), message);
    if (EVP_CipherFinal_ex(decryptor_.get(), &end, &ignored) == 1) return {};
    restore(message);
    return ossl_error(ErrorCode::Corrupt, "wrong ICV");
  }

 private:
  static uint8_t* icv_of(MutableBytesView message) { return message.data() + message.size() - kIcvSize; }

  void start(EVP_CIPHER_CTX* cipher, BytesView aad, BytesView message, int encrypt) const {
    std::array<uint8_t, kSaltSize + kIvSize> nonce;
    std::ranges::copy(salt_, nonce.begin());
    std::copy_n(message.begin(), kIvSize, nonce.begin() + kSaltSize);
    int ignored = 0;
    CHECK(EVP_CipherInit_ex2(cipher, nullptr, nullptr, nonce.data(), encrypt, nullptr) == 1);
    if (!aad.empty())
      CHECK(EVP_CipherUpdate(cipher, nullptr, &ignored, aad.data(), static_cast<int>(aad.size())) == 1);
  }

  static void update(EVP_CIPHER_CTX* cipher, MutableBytesView message) {
    MutableBytesView text = message.subspan(kIvSize, message.size() - kIvSize - kIcvSize);
    int written = 0;
    if (text.empty()) return;
    CHECK(EVP_CipherUpdate(cipher, text.data(), &written, text.data(), static_cast<int>(text.size())) == 1);
  }

  // OpenSSL decrypts before it knows the ICV. The key stream is its own inverse, so encrypting again brings
  // the ciphertext back and nobody sees text that is not authentic. Nothing is sent, hence no nonce is used
  // twice.
  void restore(MutableBytesView message) const {
    start(encryptor_.get(), {}, message, 1);
    update(encryptor_.get(), message);
  }

  CipherCtxPtr encryptor_;
  CipherCtxPtr decryptor_;
  std::array<uint8_t, kSaltSize> salt_{};
};

}  // namespace

Result<std::unique_ptr<Transform>> create_gcm(const Context& context,
                                              const catalog::EncryptionRow& encryption,
                                              BytesView key_and_salt) {
  CHECK(encryption.salt_size == kSaltSize && encryption.iv_size == kIvSize &&
        encryption.icv_size == kIcvSize);
  BytesView key = key_and_salt.first(encryption.key_size());
  CipherCtxPtr encryptor = keyed_cipher(context, encryption, key, true);
  CipherCtxPtr decryptor = keyed_cipher(context, encryption, key, false);
  if (!encryptor || !decryptor)
    return ossl_error(ErrorCode::Unsupported,
                      "OpenSSL: " + std::string(encryption.openssl_name) + " is not available");
  return std::unique_ptr<Transform>(std::make_unique<GcmTransform>(
      std::move(encryptor), std::move(decryptor), key_and_salt.subspan(encryption.key_size())));
}

}  // namespace hawser::crypto
