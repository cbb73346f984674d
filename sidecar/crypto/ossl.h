#pragma once

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include <memory>
#include <string>

#include "common/base/result.h"
#include "sidecar/crypto/context.h"

// Owners of OpenSSL's objects, for the files of this folder only.
namespace hawser::crypto {

template <auto kFree>
struct OsslFree {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
template <typename T, auto kFree>
using OsslPtr = std::unique_ptr<T, OsslFree<kFree>>;

using LibCtxPtr = OsslPtr<OSSL_LIB_CTX, &OSSL_LIB_CTX_free>;
using ProviderPtr = OsslPtr<OSSL_PROVIDER, &OSSL_PROVIDER_unload>;
using MacPtr = OsslPtr<EVP_MAC, &EVP_MAC_free>;
using MacCtxPtr = OsslPtr<EVP_MAC_CTX, &EVP_MAC_CTX_free>;
using CipherPtr = OsslPtr<EVP_CIPHER, &EVP_CIPHER_free>;
using CipherCtxPtr = OsslPtr<EVP_CIPHER_CTX, &EVP_CIPHER_CTX_free>;
using PkeyPtr = OsslPtr<EVP_PKEY, &EVP_PKEY_free>;
using PkeyCtxPtr = OsslPtr<EVP_PKEY_CTX, &EVP_PKEY_CTX_free>;
using BignumPtr = OsslPtr<BIGNUM, &BN_clear_free>;

inline OSSL_LIB_CTX* lib_ctx(const Context& context) { return static_cast<OSSL_LIB_CTX*>(context.native()); }

// Empties the thread's error queue, so that a refused peer value does not surface in an unrelated call.
Error ossl_error(ErrorCode code, std::string what);

}  // namespace hawser::crypto
