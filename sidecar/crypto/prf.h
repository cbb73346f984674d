#pragma once

#include <initializer_list>

#include "common/base/secret.h"
#include "common/catalog/algorithms.h"
#include "sidecar/crypto/context.h"

namespace hawser::crypto {

// HMAC with the row's hash over the concatenation of `parts`; size is row.key_size. (RFC 7296 2.13, RFC
// 4868 2.1.2)
SecretBytes prf(const Context& context, const catalog::IntegrityRow& hash, BytesView key,
                std::initializer_list<BytesView> parts);

// prf+ of RFC 7296 2.13. REQUIRES: length <= 255 * row.key_size.
SecretBytes prf_plus(const Context& context, const catalog::IntegrityRow& hash, BytesView key,
                     std::initializer_list<BytesView> parts, size_t length);

// SHA-1 of NAT detection (RFC 7296 2.23): 20 octets. Not for anything that must be secure.
Bytes sha1(BytesView data);
Bytes sha256(BytesView data);

}  // namespace hawser::crypto
