#pragma once

#include <memory>
#include <string>

#include "common/base/result.h"
#include "sidecar/dataplane/node/unique_fd.h"
#include "sidecar/ike/event.h"
#include "sidecar/sa/child_sa_spec.h"

namespace hawser::agent {

// Writes the keys of every SA as Wireshark reads them: `ikev2_decryption_table` and `esp_sa` in DIR, a line
// for each SA and direction, appended as they come. Only behind --insecure-export-keys: whoever has these
// files reads the traffic.
class KeyExport {
 public:
  // InvalidArgument when the folder cannot be written.
  static Result<std::unique_ptr<KeyExport>> open(const std::string& folder);
  // False: Wireshark has no name for this cipher in IKE (DES), nothing was written.
  bool add(const ike::IkeKeysDerived& keys);
  void add(const sa::ChildSaSpec& child);

 private:
  KeyExport() = default;
  dataplane::UniqueFd ike_;
  dataplane::UniqueFd esp_;
};

// The lines alone, for tests.
std::string ike_line(const ike::IkeKeysDerived& keys);
std::string esp_lines(const sa::ChildSaSpec& child);

}  // namespace hawser::agent
