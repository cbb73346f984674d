#pragma once

#include <memory>

#include "common/base/random.h"
#include "common/base/secret.h"
#include "common/catalog/algorithms.h"
#include "sidecar/crypto/context.h"

namespace hawser::crypto {

// Encryption and integrity of one direction with one key, the way ESP (RFC 4303) and the SK payload (RFC 7296
// 3.14) both use it:   aad | IV | ciphertext | ICV
//   CBC + HMAC   ICV = HMAC over aad | IV | ciphertext, truncated to row.icv_size; IV random
//   GCM          IV is a counter of 8 octets, nonce = salt | IV (RFC 4106)
//   NULL + HMAC  no IV
// Encrypt-then-MAC; the ICV is compared in constant time before anything is decrypted.
// Belongs to one thread. Keys are wiped with it.
class Transform {
 public:
  // `integrity` is null exactly when the encryption is an AEAD. InvalidArgument when a key's size does not
  // fit the row.
  static Result<std::unique_ptr<Transform>> create(const Context& context,
                                                   const catalog::EncryptionRow& encryption,
                                                   const catalog::IntegrityRow* integrity,
                                                   BytesView encryption_key, BytesView integrity_key);
  virtual ~Transform() = default;

  virtual size_t iv_size() const = 0;
  virtual size_t icv_size() const = 0;
  // Plaintext must be a multiple of this: the cipher's block, 1 for GCM and NULL.
  virtual size_t block_size() const = 0;

  // Encrypts in place. `message` is iv | plaintext | icv: writes the IV (from `random` for CBC, from
  // `counter` for GCM; each counter value once a key!), the ciphertext and the ICV. `aad` is a view of what
  // goes before the IV. REQUIRES: (message.size() - iv_size - icv_size) % block_size == 0.
  virtual void seal(BytesView aad, MutableBytesView message, uint64_t counter, Random& random) = 0;
  // Checks and decrypts in place; the plaintext is message[iv_size, size - icv_size). Corrupt when the ICV is
  // wrong (then the content is unchanged), InvalidArgument when the length cannot be right.
  virtual Result<void> open(BytesView aad, MutableBytesView message) = 0;
};

}  // namespace hawser::crypto
