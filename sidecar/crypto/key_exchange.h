#pragma once

#include <memory>

#include "common/base/secret.h"
#include "common/catalog/algorithms.h"
#include "sidecar/crypto/context.h"

namespace hawser::crypto {

// One fresh Diffie-Hellman key pair (RFC 7296 3.4, RFC 5903). Used once; the private key is wiped with it.
class KeyExchange {
 public:
  static Result<std::unique_ptr<KeyExchange>> generate(const Context& context,
                                                       const catalog::GroupRow& group);
  virtual ~KeyExchange() = default;
  virtual const catalog::GroupRow& group() const = 0;
  // Data of the KE payload: row.public_size octets (x|y without 0x04 for ECP). Lives as long as this.
  virtual BytesView public_value() const = 0;
  // g^ir, left-padded to row.secret_size (RFC 7296 2.14). InvalidArgument when the peer's value has the wrong
  // length, is out of range (1 < r < p-1) or is not on the curve (RFC 6989 2.1 to 2.3).
  virtual Result<SecretBytes> shared_secret(BytesView peer_public_value) const = 0;
};

}  // namespace hawser::crypto
