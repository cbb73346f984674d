#pragma once

#include <memory>
#include <vector>

#include "common/base/random.h"
#include "common/base/result.h"
#include "sidecar/crypto/transform.h"
#include "sidecar/ike/keymat.h"
#include "sidecar/wire/message.h"

namespace hawser::ike {

// The SK payload of one IKE SA, both directions (RFC 7296 3.14).
//
//   header | SK generic header | IV | payloads | padding | pad length | ICV
//   `------- authenticated ---------------------------------------------'
//                                   `--------- encrypted ------------'
class Protection {
 public:
  // `initiator`: we are the original initiator, hence seal with SK_ei and SK_ai.
  static Result<Protection> create(const crypto::Context& context, const sa::IkeSuite& suite,
                                   const IkeKeys& keys, bool initiator);

  Bytes seal(const wire::Header& header, const std::vector<wire::Payload>& payloads, Random& random);

  // The open form of SK: still to be parsed, so that a bad ICV and bad syntax can be told apart.
  struct Opened {
    wire::PayloadType first = wire::PayloadType::None;
    Bytes chain;
  };
  // `datagram` is what `outer` was parsed from. Corrupt or InvalidArgument: not from the peer; forget the
  // datagram.
  Result<Opened> open(BytesView datagram, const wire::Message& outer);

 private:
  std::unique_ptr<crypto::Transform> outbound_, inbound_;
  uint64_t sealed_ = 0;  // GCM: each value once a key (RFC 5282 3.1)
};

}  // namespace hawser::ike
