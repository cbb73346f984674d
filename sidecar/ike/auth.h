#pragma once

#include "common/base/secret.h"
#include "sidecar/crypto/context.h"
#include "sidecar/sa/suite.h"

namespace hawser::ike {

inline constexpr uint8_t kAuthSharedKey = 2;  // RFC 7296 3.8: Shared Key Message Integrity Code

// What one side signs (RFC 7296 2.15): its own IKE_SA_INIT message as last sent, the other side's nonce, and
// its identity payload's body under its SK_p.
struct SignedOctets {
  BytesView init_message;
  BytesView peer_nonce;
  BytesView id_body;
  BytesView sk_p;
};

// AUTH = prf(prf(Shared Secret, "Key Pad for IKEv2"), <SignedOctets>)
SecretBytes shared_key_auth(const crypto::Context& context, const sa::IkeSuite& suite, BytesView shared_key,
                            const SignedOctets& octets);

}  // namespace hawser::ike
