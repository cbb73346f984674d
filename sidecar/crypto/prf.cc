#include "sidecar/crypto/prf.h"

#include <algorithm>
#include <array>

#include "sidecar/crypto/hmac.h"

namespace hawser::crypto {
namespace {

Hmac hmac_of(const Context& context, const catalog::IntegrityRow& hash, BytesView key) {
  auto hmac = Hmac::create(context, hash, key);
  // Every hash of the catalogue is in the default provider, without which no Context exists.
  CHECK(hmac.has_value());
  return std::move(hmac).value();
}

Bytes digest(const char* name, size_t size, BytesView data) {
  Bytes out(size);
  size_t written = 0;
  CHECK(EVP_Q_digest(nullptr, name, nullptr, data.data(), data.size(), out.data(), &written) == 1 &&
        written == size);
  return out;
}

}  // namespace

SecretBytes prf(const Context& context, const catalog::IntegrityRow& hash, BytesView key,
                std::initializer_list<BytesView> parts) {
  Hmac hmac = hmac_of(context, hash, key);
  SecretBytes out(hash.key_size);
  hmac.start();
  for (BytesView part : parts) hmac.update(part);
  hmac.finish(out.mutable_view());
  return out;
}

SecretBytes prf_plus(const Context& context, const catalog::IntegrityRow& hash, BytesView key,
                     std::initializer_list<BytesView> parts, size_t length) {
  CHECK(length <= size_t{255} * hash.key_size);
  Hmac hmac = hmac_of(context, hash, key);
  SecretBytes out(length);
  SecretBytes block(hash.key_size);
  // T1 = prf(K, S | 1), Tn = prf(K, Tn-1 | S | n)
  uint8_t number = 0;
  for (size_t done = 0; done < length; done += block.size()) {
    ++number;
    hmac.start();
    if (number > 1) hmac.update(block.view());
    for (BytesView part : parts) hmac.update(part);
    hmac.update({&number, 1});
    hmac.finish(block.mutable_view());
    size_t take = std::min<size_t>(block.size(), length - done);
    std::copy_n(block.view().begin(), take, out.mutable_view().begin() + static_cast<ptrdiff_t>(done));
  }
  return out;
}

Bytes sha1(BytesView data) { return digest("SHA1", 20, data); }
Bytes sha256(BytesView data) { return digest("SHA256", 32, data); }

}  // namespace hawser::crypto
