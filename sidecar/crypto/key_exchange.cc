#include "sidecar/crypto/key_exchange.h"

#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include <algorithm>
#include <string>

#include "sidecar/crypto/import_key.h"
#include "sidecar/crypto/ossl.h"

namespace hawser::crypto {
namespace {

using ParamBuilderPtr = CPtr<OSSL_PARAM_BLD, &OSSL_PARAM_BLD_free>;
using ParamsPtr = CPtr<OSSL_PARAM, &OSSL_PARAM_free>;

constexpr uint8_t kUncompressedPoint = 0x04;  // SEC 1; absent on the wire (RFC 5903 7)

Error cannot_generate(const catalog::GroupRow& group) {
  return ossl_error(ErrorCode::Unsupported, "OpenSSL: cannot generate a key of " + std::string(group.name));
}

PkeyPtr generate_key(const Context& context, EVP_PKEY_CTX* generator) {
  context.prepare_random();
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_generate(generator, &key) != 1) return nullptr;
  return PkeyPtr(key);
}

PkeyPtr generate_named(const Context& context, const char* type, const catalog::GroupRow& group) {
  PkeyCtxPtr generator(EVP_PKEY_CTX_new_from_name(lib_ctx(context), type, nullptr));
  if (!generator || EVP_PKEY_keygen_init(generator.get()) != 1) return nullptr;
  if (EVP_PKEY_CTX_set_group_name(generator.get(), std::string(group.openssl_group).c_str()) != 1)
    return nullptr;
  return generate_key(context, generator.get());
}

// Groups OpenSSL has no name for: the catalogue's prime, generator 2 (RFC 2409 6.1, 6.2).
PkeyPtr generate_by_prime(const Context& context, const catalog::GroupRow& group) {
  BIGNUM* parsed = nullptr;
  if (BN_hex2bn(&parsed, std::string(group.prime_hex).c_str()) == 0) return nullptr;
  BignumPtr prime(parsed);
  BignumPtr generator(BN_new());
  ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!generator || !builder || BN_set_word(generator.get(), 2) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_FFC_P, prime.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_FFC_G, generator.get()) != 1)
    return nullptr;
  ParamsPtr params(OSSL_PARAM_BLD_to_param(builder.get()));
  PkeyCtxPtr importer(EVP_PKEY_CTX_new_from_name(lib_ctx(context), "DH", nullptr));
  EVP_PKEY* domain = nullptr;
  if (!params || !importer || EVP_PKEY_fromdata_init(importer.get()) != 1 ||
      EVP_PKEY_fromdata(importer.get(), &domain, EVP_PKEY_KEY_PARAMETERS, params.get()) != 1)
    return nullptr;
  PkeyPtr owned(domain);
  PkeyCtxPtr keygen(EVP_PKEY_CTX_new_from_pkey(lib_ctx(context), owned.get(), nullptr));
  if (!keygen || EVP_PKEY_keygen_init(keygen.get()) != 1) return nullptr;
  return generate_key(context, keygen.get());
}

// Left-padded to `size`; empty on failure.
Bytes bignum_param(const EVP_PKEY* key, const char* name, size_t size) {
  BIGNUM* read = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &read) != 1) return {};
  BignumPtr number(read);
  Bytes out(size);
  if (BN_bn2binpad(number.get(), out.data(), static_cast<int>(size)) < 0) return {};
  return out;
}

Bytes point_param(const EVP_PKEY* key, size_t size) {
  Bytes out(size + 1);
  size_t written = 0;
  if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, out.data(), out.size(), &written) != 1 ||
      written != out.size() || out[0] != kUncompressedPoint)
    return {};
  out.erase(out.begin());
  return out;
}

// RFC 6989 2.1: 1 < r < p - 1. All three have the same length, so octets compare like numbers.
bool in_range(BytesView r, BytesView p) {
  Bytes low(r.size(), 0);
  low.back() = 1;
  Bytes high(p.begin(), p.end());
  high.back() = static_cast<uint8_t>(high.back() - 1);  // p is odd
  return std::ranges::lexicographical_compare(low, r) && std::ranges::lexicographical_compare(r, high);
}

Error refused(const catalog::GroupRow& group, const char* why) {
  return ossl_error(ErrorCode::InvalidArgument,
                    "the peer's public value for " + std::string(group.name) + " " + why);
}

class OsslKeyExchange final : public KeyExchange {
 public:
  OsslKeyExchange(const Context& context, const catalog::GroupRow& group, PkeyPtr key)
      : context_(context), group_(group), key_(std::move(key)) {}

  Result<void> export_public() {
    if (modp()) {
      public_ = bignum_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY, group_.public_size);
      modulus_ = bignum_param(key_.get(), OSSL_PKEY_PARAM_FFC_P, group_.public_size);
    } else {
      public_ = point_param(key_.get(), group_.public_size);
    }
    if (public_.empty() || (modp() && modulus_.empty())) return cannot_generate(group_);
    return {};
  }

  const catalog::GroupRow& group() const override { return group_; }
  BytesView public_value() const override { return public_; }

  Result<SecretBytes> shared_secret(BytesView peer_public_value) const override {
    if (peer_public_value.size() != group_.public_size)
      return refused(group_, ("has " + std::to_string(peer_public_value.size()) + " octets, not " +
                              std::to_string(group_.public_size))
                                 .c_str());
    // For group 24 RFC 6989 2.2 asks for r^q = 1 or for a private key that is used once; ours is.
    if (modp() && !in_range(peer_public_value, modulus_)) return refused(group_, "is out of range");
    PkeyPtr peer = import_peer(peer_public_value);
    if (!peer) return refused(group_, "is not on the curve");
    return derive(peer.get());
  }

 private:
  bool modp() const { return group_.kind == catalog::GroupKind::Modp; }

  // Checks that an ECP point is on the curve; with cofactor 1 that is all RFC 6989 2.3 asks.
  PkeyPtr import_peer(BytesView value) const {
    Bytes encoded;
    if (!modp()) encoded.push_back(kUncompressedPoint);
    append(encoded, value);
    PkeyPtr peer(EVP_PKEY_new());
    if (!peer || EVP_PKEY_copy_parameters(peer.get(), key_.get()) != 1 ||
        EVP_PKEY_set1_encoded_public_key(peer.get(), encoded.data(), encoded.size()) != 1)
      return nullptr;
    return peer;
  }

  Result<SecretBytes> derive(EVP_PKEY* peer) const {
    context_.prepare_random();  // blinding
    PkeyCtxPtr derivation(EVP_PKEY_CTX_new_from_pkey(lib_ctx(context_), key_.get(), nullptr));
    SecretBytes out(group_.secret_size);
    size_t size = out.size();
    // Without the pad OpenSSL strips leading zero octets: one secret in 256 would be short (RFC 7296 2.14).
    // Its own validation of the peer is a full exponentiation; in_range and the curve check have done the
    // work.
    bool derived = derivation && EVP_PKEY_derive_init(derivation.get()) == 1 &&
                   (!modp() || EVP_PKEY_CTX_set_dh_pad(derivation.get(), 1) == 1) &&
                   EVP_PKEY_derive_set_peer_ex(derivation.get(), peer, 0) == 1 &&
                   EVP_PKEY_derive(derivation.get(), out.mutable_view().data(), &size) == 1;
    if (!derived || size != out.size()) return refused(group_, "gives no shared secret");
    return out;
  }

  const Context& context_;
  const catalog::GroupRow& group_;
  PkeyPtr key_;
  Bytes public_;
  Bytes modulus_;  // of MODP
};

}  // namespace

PkeyPtr generate_key_pair(const Context& context, const catalog::GroupRow& group) {
  if (group.openssl_group.empty()) return generate_by_prime(context, group);
  if (group.kind == catalog::GroupKind::Ecp) return generate_named(context, "EC", group);
  // The RFC 5114 groups have a subgroup order, which OpenSSL keeps under its X9.42 type.
  return generate_named(context, group.openssl_group.starts_with("dh_") ? "DHX" : "DH", group);
}

Result<std::unique_ptr<KeyExchange>> key_exchange_of(const Context& context, const catalog::GroupRow& group,
                                                     PkeyPtr key) {
  if (!key) return cannot_generate(group);
  auto exchange = std::make_unique<OsslKeyExchange>(context, group, std::move(key));
  RETURN_IF_ERROR(exchange->export_public());
  return std::unique_ptr<KeyExchange>(std::move(exchange));
}

Result<std::unique_ptr<KeyExchange>> KeyExchange::generate(const Context& context,
                                                           const catalog::GroupRow& group) {
  return key_exchange_of(context, group, generate_key_pair(context, group));
}

}  // namespace hawser::crypto
