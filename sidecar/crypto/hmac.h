#pragma once

#include "common/base/result.h"
#include "common/catalog/algorithms.h"
#include "sidecar/crypto/ossl.h"

namespace hawser::crypto {

// HMAC under one key, started anew for each message without hashing the key again. Belongs to one thread.
class Hmac {
 public:
  static Result<Hmac> create(const Context& context, const catalog::IntegrityRow& hash, BytesView key);

  void start();
  void update(BytesView data);
  // REQUIRES: out.size() >= hash.key_size.
  void finish(MutableBytesView out);

 private:
  explicit Hmac(MacCtxPtr mac) : mac_(std::move(mac)) {}
  MacCtxPtr mac_;
};

}  // namespace hawser::crypto
