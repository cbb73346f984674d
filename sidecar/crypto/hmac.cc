#include "sidecar/crypto/hmac.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <string>

namespace hawser::crypto {

Result<Hmac> Hmac::create(const Context& context, const catalog::IntegrityRow& hash, BytesView key) {
  MacPtr algorithm(EVP_MAC_fetch(lib_ctx(context), OSSL_MAC_NAME_HMAC, nullptr));
  MacCtxPtr mac(algorithm ? EVP_MAC_CTX_new(algorithm.get()) : nullptr);
  std::string digest(hash.openssl_digest);
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
                         OSSL_PARAM_construct_end()};
  // A null key means "the key of before" to OpenSSL; an empty key of ours is a key.
  static constexpr uint8_t kNone = 0;
  const uint8_t* octets = key.empty() ? &kNone : key.data();
  if (!mac || EVP_MAC_init(mac.get(), octets, key.size(), params) != 1)
    return ossl_error(ErrorCode::Unsupported, "OpenSSL: HMAC with " + digest + " is not available");
  return Hmac(std::move(mac));
}

void Hmac::start() { CHECK(EVP_MAC_init(mac_.get(), nullptr, 0, nullptr) == 1); }

void Hmac::update(BytesView data) {
  if (!data.empty()) CHECK(EVP_MAC_update(mac_.get(), data.data(), data.size()) == 1);
}

void Hmac::finish(MutableBytesView out) {
  size_t written = 0;
  CHECK(EVP_MAC_final(mac_.get(), out.data(), &written, out.size()) == 1);
}

}  // namespace hawser::crypto
