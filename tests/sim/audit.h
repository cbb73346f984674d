#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "common/base/bytes.h"
#include "sidecar/wire/message.h"

namespace hawser::sim {

// Watches what a peer sends, from outside, and holds it to RFC 7296 2.1 to 2.3: message ids go up by one, a
// message with an id already used is the same octets, an unprotected message is one of the few that may be.
class WireAudit {
 public:
  void observe(const std::string& sender, BytesView message);
  const std::vector<std::string>& violations() const { return violations_; }

 private:
  struct Stream {
    std::optional<uint32_t> last_id;
    std::map<uint32_t, Bytes> sent;
  };
  void check_protected(const std::string& sender, const wire::Message& message, BytesView octets);

  std::map<std::tuple<std::string, uint64_t, uint64_t, bool>, Stream> streams_;  // sender, SPIs, response
  std::vector<std::string> violations_;
};

// "IKE_AUTH request 1"
std::string describe(BytesView message);

}  // namespace hawser::sim
