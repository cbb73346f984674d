#include "sidecar/crypto/import_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include <string>

namespace hawser::crypto {
namespace {

using ParamBuilderPtr = CPtr<OSSL_PARAM_BLD, &OSSL_PARAM_BLD_free>;
using ParamsPtr = CPtr<OSSL_PARAM, &OSSL_PARAM_free>;
using BnCtxPtr = CPtr<BN_CTX, &BN_CTX_free>;
using EcGroupPtr = CPtr<EC_GROUP, &EC_GROUP_free>;
using EcPointPtr = CPtr<EC_POINT, &EC_POINT_free>;

PkeyPtr from_params(const Context& context, const char* type, OSSL_PARAM_BLD* builder) {
  ParamsPtr params(OSSL_PARAM_BLD_to_param(builder));
  PkeyCtxPtr importer(EVP_PKEY_CTX_new_from_name(lib_ctx(context), type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !importer || EVP_PKEY_fromdata_init(importer.get()) != 1 ||
      EVP_PKEY_fromdata(importer.get(), &key, EVP_PKEY_KEYPAIR, params.get()) != 1)
    return nullptr;
  return PkeyPtr(key);
}

PkeyPtr import_modp(const Context& context, const catalog::GroupRow& group, const BIGNUM* private_key) {
  PkeyPtr other = generate_key_pair(context, group);
  BIGNUM *p = nullptr, *g = nullptr;
  if (!other || EVP_PKEY_get_bn_param(other.get(), OSSL_PKEY_PARAM_FFC_P, &p) != 1 ||
      EVP_PKEY_get_bn_param(other.get(), OSSL_PKEY_PARAM_FFC_G, &g) != 1) {
    BN_free(p);
    return nullptr;
  }
  BignumPtr prime(p), generator(g), public_key(BN_new());
  BnCtxPtr scratch(BN_CTX_new_ex(lib_ctx(context)));
  ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!public_key || !scratch || !builder ||
      BN_mod_exp(public_key.get(), g, private_key, p, scratch.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_FFC_P, p) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_FFC_G, g) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, private_key) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, public_key.get()) != 1)
    return nullptr;
  return from_params(context, EVP_PKEY_get0_type_name(other.get()), builder.get());
}

PkeyPtr import_ecp(const Context& context, const catalog::GroupRow& group, const BIGNUM* private_key) {
  std::string name(group.openssl_group);
  int nid = EC_curve_nist2nid(name.c_str());
  EcGroupPtr curve(EC_GROUP_new_by_curve_name_ex(lib_ctx(context), nullptr, nid));
  EcPointPtr point(curve ? EC_POINT_new(curve.get()) : nullptr);
  BnCtxPtr scratch(BN_CTX_new_ex(lib_ctx(context)));
  Bytes encoded(size_t{1} + group.public_size);
  ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!point || !scratch || !builder ||
      EC_POINT_mul(curve.get(), point.get(), private_key, nullptr, nullptr, scratch.get()) != 1 ||
      EC_POINT_point2oct(curve.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, encoded.data(),
                         encoded.size(), scratch.get()) != encoded.size() ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, name.c_str(), 0) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, private_key) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, encoded.data(),
                                       encoded.size()) != 1)
    return nullptr;
  return from_params(context, "EC", builder.get());
}

}  // namespace

Result<std::unique_ptr<KeyExchange>> import_key_exchange(const Context& context,
                                                         const catalog::GroupRow& group,
                                                         BytesView private_key) {
  context.prepare_random();
  BignumPtr number(BN_bin2bn(private_key.data(), static_cast<int>(private_key.size()), nullptr));
  if (!number) return ossl_error(ErrorCode::Internal, "OpenSSL: out of memory");
  return key_exchange_of(context, group,
                         group.kind == catalog::GroupKind::Modp ? import_modp(context, group, number.get())
                                                                : import_ecp(context, group, number.get()));
}

}  // namespace hawser::crypto
