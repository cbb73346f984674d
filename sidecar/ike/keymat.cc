#include "sidecar/ike/keymat.h"

#include <algorithm>
#include <array>

#include "sidecar/crypto/prf.h"

namespace hawser::ike {
namespace {

// Cuts key material from the front, in order.
class Cutter {
 public:
  explicit Cutter(SecretBytes material) : material_(std::move(material)) {}
  SecretBytes take(size_t size) {
    CHECK(offset_ + size <= material_.size());
    SecretBytes out(material_.view().subspan(offset_, size));
    offset_ += size;
    return out;
  }

 private:
  SecretBytes material_;
  size_t offset_ = 0;
};

std::array<uint8_t, 16> spi_octets(const KeyInputs& inputs) {
  std::array<uint8_t, 16> out{};
  store_be64(out.data(), inputs.spi_i.value);
  store_be64(out.data() + 8, inputs.spi_r.value);
  return out;
}

SecretBytes concatenate(BytesView a, BytesView b) {
  SecretBytes out(a.size() + b.size());
  std::ranges::copy(a, out.mutable_view().begin());
  std::ranges::copy(b, out.mutable_view().begin() + static_cast<std::ptrdiff_t>(a.size()));
  return out;
}

}  // namespace

IkeKeys IkeKeys::clone() const {
  return {sk_d.clone(),  sk_ai.clone(), sk_ar.clone(), sk_ei.clone(),
          sk_er.clone(), sk_pi.clone(), sk_pr.clone()};
}

SecretBytes skeyseed(const crypto::Context& context, const sa::IkeSuite& suite, const KeyInputs& inputs,
                     BytesView shared_secret) {
  SecretBytes key = concatenate(inputs.nonce_i, inputs.nonce_r);
  return crypto::prf(context, *suite.integrity, key.view(), {shared_secret});
}

SecretBytes rekey_skeyseed(const crypto::Context& context, const sa::IkeSuite& old_suite, BytesView old_sk_d,
                           const KeyInputs& inputs, BytesView shared_secret) {
  return crypto::prf(context, *old_suite.integrity, old_sk_d,
                     {shared_secret, inputs.nonce_i, inputs.nonce_r});
}

IkeKeys derive_ike_keys(const crypto::Context& context, const sa::IkeSuite& suite, BytesView seed,
                        const KeyInputs& inputs) {
  const size_t prf_size = suite.integrity->key_size;
  const size_t integrity_size = suite.encryption->aead() ? 0 : suite.integrity->key_size;
  const size_t encryption_size = suite.encryption->key_material_size();
  auto spis = spi_octets(inputs);
  Cutter cut(crypto::prf_plus(context, *suite.integrity, seed, {inputs.nonce_i, inputs.nonce_r, spis},
                              3 * prf_size + 2 * integrity_size + 2 * encryption_size));
  IkeKeys keys;
  keys.sk_d = cut.take(prf_size);
  keys.sk_ai = cut.take(integrity_size);
  keys.sk_ar = cut.take(integrity_size);
  keys.sk_ei = cut.take(encryption_size);
  keys.sk_er = cut.take(encryption_size);
  keys.sk_pi = cut.take(prf_size);
  keys.sk_pr = cut.take(prf_size);
  return keys;
}

ChildKeymat derive_child_keys(const crypto::Context& context, const sa::IkeSuite& ike_suite, BytesView sk_d,
                              const sa::ChildSuite& suite, BytesView shared_secret, BytesView nonce_i,
                              BytesView nonce_r) {
  const size_t integrity_size = suite.integrity != nullptr ? suite.integrity->key_size : 0;
  const size_t encryption_size = suite.encryption->key_material_size();
  Cutter cut(crypto::prf_plus(context, *ike_suite.integrity, sk_d, {shared_secret, nonce_i, nonce_r},
                              2 * suite.key_material_size()));
  ChildKeymat out;
  out.initiator_to_responder.encryption = cut.take(encryption_size);
  out.initiator_to_responder.integrity = cut.take(integrity_size);
  out.responder_to_initiator.encryption = cut.take(encryption_size);
  out.responder_to_initiator.integrity = cut.take(integrity_size);
  return out;
}

}  // namespace hawser::ike
