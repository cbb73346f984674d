#include "operator/trust/secret_object.h"

#include <string>

#include "common/base/base64.h"

namespace hawser::trust {
namespace {

std::optional<SecretBytes> data_of(const nlohmann::json& secret, const char* key) {
  const auto data = secret.find("data");
  if (data == secret.end() || !data->is_object()) return SecretBytes();
  const auto value = data->find(key);
  if (value == data->end() || !value->is_string()) return SecretBytes();
  SecretBytes bytes;
  if (!decode_base64(value->get_ref<const std::string&>(), bytes)) return std::nullopt;
  return bytes;
}

std::string to_text(const SecretBytes& bytes) { return {bytes.view().begin(), bytes.view().end()}; }

std::optional<Identity> identity_of(const nlohmann::json& secret, const char* certificate, const char* key) {
  const auto public_part = data_of(secret, certificate);
  auto private_part = data_of(secret, key);
  if (!public_part || !private_part) return std::nullopt;
  return Identity{to_text(*public_part), *std::move(private_part)};
}

void put(nlohmann::json& secret, const char* key, BytesView value) {
  secret["data"][key] = encode_base64(value);
}

void put_identity(nlohmann::json& secret, const char* certificate, const char* key,
                  const Identity& identity) {
  put(secret, certificate, as_bytes(identity.certificate));
  put(secret, key, identity.key.view());
}

void drop(nlohmann::json& secret, const char* key) {
  if (secret.contains("data")) secret["data"].erase(key);
}

}  // namespace

nlohmann::json make_secret(const std::string& namespace_, const std::string& name) {
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata",
           {{"name", name},
            {"namespace", namespace_},
            {"labels", {{"app.kubernetes.io/managed-by", "hawser-operator"}}}}},
          {"type", "kubernetes.io/tls"}};
}

std::optional<AuthorityState> read_authority_secret(const nlohmann::json& secret) {
  auto current = identity_of(secret, "tls.crt", "tls.key");
  auto next = identity_of(secret, "next.crt", "next.key");
  const auto previous = data_of(secret, "previous.crt");
  if (!current || !next || !previous) return std::nullopt;
  AuthorityState state{*std::move(current), std::nullopt, std::nullopt};
  if (!next->certificate.empty()) state.next = *std::move(next);
  if (!previous->empty()) state.previous = to_text(*previous);
  return state;
}

std::optional<SidecarFiles> read_sidecar_secret(const nlohmann::json& secret) {
  auto identity = identity_of(secret, "tls.crt", "tls.key");
  const auto authorities = data_of(secret, "ca.crt");
  if (!identity || !authorities) return std::nullopt;
  return SidecarFiles{*std::move(identity), to_text(*authorities)};
}

void write_authority_secret(const AuthorityState& state, nlohmann::json& secret) {
  put_identity(secret, "tls.crt", "tls.key", state.current);
  drop(secret, "next.crt");
  drop(secret, "next.key");
  drop(secret, "previous.crt");
  if (state.next) put_identity(secret, "next.crt", "next.key", *state.next);
  if (state.previous) put(secret, "previous.crt", as_bytes(*state.previous));
}

void write_sidecar_secret(const SidecarFiles& files, nlohmann::json& secret) {
  put_identity(secret, "tls.crt", "tls.key", files.identity);
  put(secret, "ca.crt", as_bytes(files.bundle));
}

}  // namespace hawser::trust
