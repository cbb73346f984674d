#pragma once

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include <memory>
#include <string>

#include "common/base/c_ptr.h"
#include "common/base/result.h"
#include "sidecar/crypto/context.h"

// Owners of OpenSSL's objects, for the files of this folder only.
namespace hawser::crypto {

using LibCtxPtr = CPtr<OSSL_LIB_CTX, &OSSL_LIB_CTX_free>;
using ProviderPtr = CPtr<OSSL_PROVIDER, &OSSL_PROVIDER_unload>;
using MacPtr = CPtr<EVP_MAC, &EVP_MAC_free>;
using MacCtxPtr = CPtr<EVP_MAC_CTX, &EVP_MAC_CTX_free>;
using CipherPtr = CPtr<EVP_CIPHER, &EVP_CIPHER_free>;
using CipherCtxPtr = CPtr<EVP_CIPHER_CTX, &EVP_CIPHER_CTX_free>;
using PkeyPtr = CPtr<EVP_PKEY, &EVP_PKEY_free>;
using PkeyCtxPtr = CPtr<EVP_PKEY_CTX, &EVP_PKEY_CTX_free>;
using BignumPtr = CPtr<BIGNUM, &BN_clear_free>;

inline OSSL_LIB_CTX* lib_ctx(const Context& context) { return static_cast<OSSL_LIB_CTX*>(context.native()); }

// Empties the thread's error queue, so that a refused peer value does not surface in an unrelated call.
Error ossl_error(ErrorCode code, std::string what);

}  // namespace hawser::crypto
