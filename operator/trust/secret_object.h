#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "operator/trust/authority.h"

// The two Secrets as the API server stores them.
namespace hawser::trust {

// What the sidecars mount: their identity and what they believe.
struct SidecarFiles {
  Identity identity;
  std::string bundle;
};

// A new object of type kubernetes.io/tls without data.
nlohmann::json make_secret(const std::string& namespace_, const std::string& name);

// Absent keys are empty text; nullopt where the data is no base64.
std::optional<AuthorityState> read_authority_secret(const nlohmann::json& secret);
std::optional<SidecarFiles> read_sidecar_secret(const nlohmann::json& secret);
// Only `data` is touched: labels and annotations of others stay.
void write_authority_secret(const AuthorityState& state, nlohmann::json& secret);
void write_sidecar_secret(const SidecarFiles& files, nlohmann::json& secret);

}  // namespace hawser::trust
