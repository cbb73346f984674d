#pragma once

#include <string>

#include "common/base/result.h"

namespace hawser::sidecars {

// Where a sidecar listens and how to prove who is who.
struct SidecarAddress {
  std::string name;    // also the name its certificate must carry (DNS subjectAltName)
  std::string target;  // "unix:/run/hawser/sidecar.sock" or "192.0.2.7:9446"
  // PEM files; all three for TCP, none for unix.
  std::string tls_certificate{};
  std::string tls_key{};
  std::string tls_ca{};
  bool is_unix() const { return target.starts_with("unix:"); }
};
// "node-a=unix:/run/x.sock" to name and target; InvalidArgument says what the form is.
Result<SidecarAddress> parse_sidecar_address(const std::string& text);

}  // namespace hawser::sidecars
