#pragma once

#include "common/base/secret.h"
#include "sidecar/crypto/context.h"
#include "sidecar/sa/child_sa_spec.h"
#include "sidecar/sa/names.h"
#include "sidecar/sa/suite.h"

// Key derivation of IKEv2 (RFC 7296 2.13 to 2.18). Pure.
namespace hawser::ike {

// The seven keys of an IKE SA, in the order they are taken (RFC 7296 2.14).
struct IkeKeys {
  SecretBytes sk_d, sk_ai, sk_ar, sk_ei, sk_er, sk_pi, sk_pr;
  IkeKeys clone() const;
};

// What goes into every derivation beside the secret: nonces and SPIs, in the order of the exchange.
struct KeyInputs {
  BytesView nonce_i, nonce_r;
  sa::IkeSpi spi_i, spi_r;
};

// SKEYSEED = prf(Ni | Nr, g^ir)
SecretBytes skeyseed(const crypto::Context& context, const sa::IkeSuite& suite, const KeyInputs& inputs,
                     BytesView shared_secret);
// SKEYSEED = prf(SK_d (old), g^ir | Ni | Nr), with the old SA's prf (RFC 7296 2.18)
SecretBytes rekey_skeyseed(const crypto::Context& context, const sa::IkeSuite& old_suite, BytesView old_sk_d,
                           const KeyInputs& inputs, BytesView shared_secret);
// prf+(SKEYSEED, Ni | Nr | SPIi | SPIr), with the new SA's prf
IkeKeys derive_ike_keys(const crypto::Context& context, const sa::IkeSuite& suite, BytesView seed,
                        const KeyInputs& inputs);

// Keys of a Child SA by direction. "Initiator" is that of the exchange that made it (RFC 7296 2.17).
struct ChildKeymat {
  sa::ChildKeys initiator_to_responder, responder_to_initiator;
};
// KEYMAT = prf+(SK_d, [g^ir] | Ni | Nr); `shared_secret` is empty without PFS.
ChildKeymat derive_child_keys(const crypto::Context& context, const sa::IkeSuite& ike_suite, BytesView sk_d,
                              const sa::ChildSuite& suite, BytesView shared_secret, BytesView nonce_i,
                              BytesView nonce_r);

}  // namespace hawser::ike
