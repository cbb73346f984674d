#pragma once

#include "sidecar/crypto/key_exchange.h"
#include "sidecar/crypto/ossl.h"

namespace hawser::crypto {

// A key exchange with a private key that was given: for test vectors only. A real exchange uses a key once,
// so it generates it; RFC 6989 2.2 lets us rely on that.
Result<std::unique_ptr<KeyExchange>> import_key_exchange(const Context& context,
                                                         const catalog::GroupRow& group,
                                                         BytesView private_key);

// Shared with key_exchange.cc. Null when OpenSSL refuses.
PkeyPtr generate_key_pair(const Context& context, const catalog::GroupRow& group);
// Takes the key; an error when it is null.
Result<std::unique_ptr<KeyExchange>> key_exchange_of(const Context& context, const catalog::GroupRow& group,
                                                     PkeyPtr key);

}  // namespace hawser::crypto
