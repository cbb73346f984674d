#include "sidecar/crypto/context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "common/base/secret.h"
#include "sidecar/crypto/ossl.h"

namespace hawser::crypto {

Error ossl_error(ErrorCode code, std::string what) {
  ERR_clear_error();
  return {code, std::move(what)};
}

namespace {

class OsslContext : public Context {
 public:
  Result<void> load() {
    if (!lib_) return ossl_error(ErrorCode::Internal, "OpenSSL: cannot make a library context");
    default_.reset(OSSL_PROVIDER_load(lib_.get(), "default"));
    if (!default_)
      return ossl_error(ErrorCode::Unsupported, "OpenSSL: its default provider cannot be loaded");
    legacy_.reset(OSSL_PROVIDER_load(lib_.get(), "legacy"));
    if (!legacy_)
      return ossl_error(
          ErrorCode::Unsupported,
          "OpenSSL: its legacy provider (DES) cannot be loaded; install ossl-modules/legacy.so");
    return {};
  }
  void* native() const override { return lib_.get(); }

 private:
  LibCtxPtr lib_{OSSL_LIB_CTX_new()};
  ProviderPtr default_;
  ProviderPtr legacy_;
};

// More than any one key generation draws: rejection sampling of the largest group takes 256 octets a try.
constexpr size_t kTestEntropy = 4096;

class SeededContext final : public OsslContext {
 public:
  explicit SeededContext(uint64_t seed) : random_(seed) {}

  Result<void> select_generator() {
    // Before the first use of a generator in this context; later it is refused.
    if (RAND_set_DRBG_type(static_cast<OSSL_LIB_CTX*>(native()), "TEST-RAND", nullptr, nullptr, nullptr) != 1)
      return ossl_error(ErrorCode::Unsupported, "OpenSSL: TEST-RAND is not available");
    return {};
  }

  // TEST-RAND hands out its test entropy once and then fails; setting it again starts from its beginning.
  void prepare_random() const override {
    auto* lib = static_cast<OSSL_LIB_CTX*>(native());
    for (EVP_RAND_CTX* generator : {RAND_get0_private(lib), RAND_get0_public(lib)}) {
      std::array<uint8_t, kTestEntropy> entropy;
      random_.fill(entropy);
      OSSL_PARAM params[] = {
          OSSL_PARAM_construct_octet_string(OSSL_RAND_PARAM_TEST_ENTROPY, entropy.data(), entropy.size()),
          OSSL_PARAM_construct_end()};
      CHECK(generator != nullptr && EVP_RAND_CTX_set_params(generator, params) == 1);
    }
  }

 private:
  mutable SeededRandom random_;
};

}  // namespace

Result<std::unique_ptr<Context>> Context::system() {
  auto context = std::make_unique<OsslContext>();
  RETURN_IF_ERROR(context->load());
  return std::unique_ptr<Context>(std::move(context));
}

Result<std::unique_ptr<Context>> Context::seeded(uint64_t seed) {
  auto context = std::make_unique<SeededContext>(seed);
  RETURN_IF_ERROR(context->load());
  RETURN_IF_ERROR(context->select_generator());
  return std::unique_ptr<Context>(std::move(context));
}

void SystemRandom::fill(MutableBytesView out) {
  // A machine without randomness must not go on: every key and IV would be guessable.
  CHECK(out.size() <= INT32_MAX && RAND_bytes(out.data(), static_cast<int>(out.size())) == 1);
}

struct SeededRandom::State {
  CipherPtr cipher{EVP_CIPHER_fetch(nullptr, "ChaCha20", nullptr)};
  CipherCtxPtr stream{EVP_CIPHER_CTX_new()};
};

SeededRandom::SeededRandom(uint64_t seed) : state_(std::make_unique<State>()) {
  std::array<uint8_t, 32> key{};
  std::array<uint8_t, 16> counter_and_nonce{};
  store_be64(key.data(), seed);
  CHECK(EVP_EncryptInit_ex2(state_->stream.get(), state_->cipher.get(), key.data(), counter_and_nonce.data(),
                            nullptr) == 1);
}

SeededRandom::~SeededRandom() = default;

void SeededRandom::fill(MutableBytesView out) {
  CHECK(out.size() <= INT32_MAX);
  std::fill(out.begin(), out.end(), uint8_t{0});
  int written = 0;
  CHECK(EVP_EncryptUpdate(state_->stream.get(), out.data(), &written, out.data(),
                          static_cast<int>(out.size())) == 1);
}

}  // namespace hawser::crypto
