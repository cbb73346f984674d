#pragma once

#include <array>

#include "common/base/random.h"
#include "sidecar/crypto/hmac.h"
#include "sidecar/crypto/transform.h"

// A Transform for each catalog::EncryptionKind; called by Transform::create, which has checked the key sizes.
namespace hawser::crypto {

Result<std::unique_ptr<Transform>> create_cbc(const Context& context,
                                              const catalog::EncryptionRow& encryption, BytesView key,
                                              Hmac hmac, size_t icv_size);
Result<std::unique_ptr<Transform>> create_gcm(const Context& context,
                                              const catalog::EncryptionRow& encryption,
                                              BytesView key_and_salt);
std::unique_ptr<Transform> create_null(Hmac hmac, size_t icv_size);

// One direction of a cipher: keyed once, given an IV for each message.
CipherCtxPtr keyed_cipher(const Context& context, const catalog::EncryptionRow& encryption, BytesView key,
                          bool encrypt);

}  // namespace hawser::crypto
