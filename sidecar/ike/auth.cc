#include "sidecar/ike/auth.h"

#include "sidecar/crypto/prf.h"

namespace hawser::ike {
namespace {
constexpr std::string_view kKeyPad = "Key Pad for IKEv2";  // 17 octets, no terminating zero
}

SecretBytes shared_key_auth(const crypto::Context& context, const sa::IkeSuite& suite, BytesView shared_key,
                            const SignedOctets& octets) {
  const auto& hash = *suite.integrity;
  SecretBytes maced_id = crypto::prf(context, hash, octets.sk_p, {octets.id_body});
  SecretBytes padded = crypto::prf(context, hash, shared_key, {as_bytes(kKeyPad)});
  return crypto::prf(context, hash, padded.view(), {octets.init_message, octets.peer_nonce, maced_id.view()});
}

}  // namespace hawser::ike
