#pragma once

#include <memory>
#include <string>

#include "common/base/result.h"
#include "operator/sidecars/tls_identity.h"

namespace hawser::sidecars {

// Where a sidecar listens and how to prove who is who.
struct SidecarAddress {
  std::string name;    // also the name its certificate must carry (DNS subjectAltName), if no other is given
  std::string target;  // "unix:/run/hawser/sidecar.sock" or "192.0.2.7:9446"
  // For TCP: all three PEM files, or the slot below.
  std::string tls_certificate{};
  std::string tls_key{};
  std::string tls_ca{};
  std::shared_ptr<const TlsSlot> tls{};
  std::string server_name{};  // the name its certificate must carry; empty: `name`
  bool is_unix() const { return target.starts_with("unix:"); }
};
// "node-a=unix:/run/x.sock" to name and target; InvalidArgument says what the form is.
Result<SidecarAddress> parse_sidecar_address(const std::string& text);

}  // namespace hawser::sidecars
