#include "operator/kube/config/kubeconfig.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>
#include <vector>

#include "common/base/base64.h"
#include "operator/api/text.h"
#include "operator/kube/config/kubeconfig_file.h"

namespace hawser::kube {
namespace {

// What a client trusts that is told no authority.
constexpr const char* kSystemAuthorities = "/etc/ssl/certs/ca-certificates.crt";

Error wrong(const std::string& where, const std::string& message) {
  return {ErrorCode::InvalidArgument, where + ": " + message};
}

std::vector<std::string> candidates(const KubeconfigOptions& options) {
  if (!options.file.empty()) return {options.file};
  const Environment& environment = options.environment;
  std::vector<std::string> files;
  std::istringstream list(environment("KUBECONFIG").value_or(""));
  for (std::string file; std::getline(list, file, ':');)
    if (!file.empty()) files.push_back(file);
  if (files.empty()) files.push_back(environment("HOME").value_or("") + "/.kube/config");
  return files;
}

Result<Kubeconfig> load(const KubeconfigOptions& options) {
  Kubeconfig config;
  std::string tried;
  for (const std::string& file : candidates(options)) {
    tried += (tried.empty() ? "" : ", ") + file;
    std::ifstream stream(file, std::ios::binary);
    // Of a list, files that are not there are left out, as kubectl does.
    if (!stream) continue;
    std::ostringstream content;
    content << stream.rdbuf();
    std::string text = std::move(content).str();
    auto merged = config.merge(file, text);
    wipe({reinterpret_cast<uint8_t*>(text.data()), text.size()});
    RETURN_IF_ERROR(merged);
  }
  if (config.files.empty()) return Error{ErrorCode::NotFound, "no kubeconfig can be read: " + tried};
  return config;
}

std::string names_of(const std::map<std::string, KubeconfigEntry>& entries) {
  std::string names;
  for (const auto& [name, entry] : entries) names += (names.empty() ? "" : ", ") + name;
  return names;
}

Result<const KubeconfigEntry*> find(const std::map<std::string, KubeconfigEntry>& entries,
                                    const std::string& what, const std::string& name,
                                    const std::string& where) {
  auto it = entries.find(name);
  if (it != entries.end()) return &it->second;
  const std::string known = names_of(entries);
  return wrong(where, "there is no " + what + " " + api::in_quotes(name) +
                          (known.empty() ? "" : "; there are " + known));
}

// Fields that would change what we do, and that we do not know how to honour.
Result<void> refuse(const KubeconfigEntry& entry, const std::string& what,
                    std::initializer_list<std::pair<const char*, const char*>> fields) {
  for (const auto& [field, advice] : fields)
    if (entry.has(field))
      return Error{ErrorCode::Unsupported, entry.place_of(field) + ": " + what + " " +
                                               api::in_quotes(entry.name) + ": '" + field +
                                               "' is not supported yet; " + advice};
  return {};
}

// Of the wrong type a field would read as absent: a token as none, an authority as the system's.
Result<void> require_text(const KubeconfigEntry& entry, std::initializer_list<const char*> fields) {
  for (const char* field : fields)
    if (entry.blocks.contains(field))
      return wrong(entry.place_of(field), "'" + std::string(field) + "' must be text, not a list or a map");
  return {};
}

Result<bool> read_flag(const KubeconfigEntry& entry, const std::string& field) {
  const std::string text = entry.text(field);
  if (text.empty() || text == "false") return false;
  if (text == "true") return true;
  return wrong(entry.place_of(field), "'" + field + "' must be true or false");
}

Result<SecretBytes> read_data(const KubeconfigEntry& entry, const std::string& field, BytesView text) {
  SecretBytes out;
  if (!decode_base64({reinterpret_cast<const char*>(text.data()), text.size()}, out))
    return wrong(entry.place_of(field), "'" + field + "' is not base64");
  return out;
}

Result<std::string> read_data_text(const KubeconfigEntry& entry, const std::string& field) {
  ASSIGN_OR_RETURN(const SecretBytes bytes, read_data(entry, field, as_bytes(entry.text(field))));
  return std::string(bytes.view().begin(), bytes.view().end());
}

Result<void> read_cluster(const KubeconfigEntry& cluster, ClusterAccess& access) {
  RETURN_IF_ERROR(refuse(cluster, "cluster", {{"proxy-url", "remove it, or reach the server directly"}}));
  RETURN_IF_ERROR(require_text(cluster, {"server", "tls-server-name", "certificate-authority",
                                         "certificate-authority-data", "insecure-skip-tls-verify"}));
  access.server = cluster.text("server");
  if (access.server.empty())
    return wrong(cluster.place, "cluster " + api::in_quotes(cluster.name) + " has no server");
  if (holds_user_info(access.server))
    return wrong(cluster.place, "cluster " + api::in_quotes(cluster.name) +
                                    ": the server's URL holds a user name or password; give them as username "
                                    "and password of a user");
  while (access.server.ends_with('/')) access.server.pop_back();
  // What follows compares it, and the HTTP library takes it in any case.
  const size_t scheme = std::min(access.server.find("://"), access.server.size());
  std::transform(access.server.begin(), access.server.begin() + static_cast<ptrdiff_t>(scheme),
                 access.server.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  access.tls.server_name = cluster.text("tls-server-name");
  ASSIGN_OR_RETURN(access.tls.ca_pem, read_data_text(cluster, "certificate-authority-data"));
  access.tls.ca = cluster.path("certificate-authority");
  ASSIGN_OR_RETURN(access.tls.insecure_skip_verify, read_flag(cluster, "insecure-skip-tls-verify"));
  const bool authority = !access.tls.ca.empty() || !access.tls.ca_pem.empty();
  if (access.tls.insecure_skip_verify && authority)
    return wrong(cluster.place_of("insecure-skip-tls-verify"),
                 "cluster " + api::in_quotes(cluster.name) +
                     " has a certificate authority and skips its check; remove one of the two");
  if (!authority && !access.tls.insecure_skip_verify && access.server.starts_with("https:")) {
    access.tls.ca = kSystemAuthorities;
    if (::access(kSystemAuthorities, R_OK) != 0)
      return wrong(cluster.place, "cluster " + api::in_quotes(cluster.name) +
                                      " has no certificate-authority, and the system's (" +
                                      kSystemAuthorities +
                                      ") cannot be read; add certificate-authority-data");
  }
  return {};
}

Result<void> read_user(const KubeconfigEntry& user, ClusterAccess& access) {
  constexpr const char* kOther = "give this user a token or a client certificate";
  constexpr const char* kSelf = "remove it, or use that user's own credentials";
  RETURN_IF_ERROR(refuse(user, "user",
                         {{"exec", kOther},
                          {"auth-provider", kOther},
                          {"as", kSelf},
                          {"as-uid", kSelf},
                          {"as-groups", kSelf},
                          {"as-user-extra", kSelf}}));
  RETURN_IF_ERROR(require_text(user, {"client-certificate", "client-certificate-data", "client-key",
                                      "client-key-data", "token", "tokenFile", "username", "password"}));
  access.tls.certificate = user.path("client-certificate");
  access.tls.key = user.path("client-key");
  ASSIGN_OR_RETURN(access.tls.certificate_pem, read_data_text(user, "client-certificate-data"));
  if (const SecretBytes* data = user.secret("client-key-data")) {
    ASSIGN_OR_RETURN(access.tls.key_pem, read_data(user, "client-key-data", data->view()));
  }
  const SecretBytes* token = user.secret("token");
  const std::string file = user.path("tokenFile");
  const std::string username = user.text("username");
  const bool basic = !username.empty() || user.secret("password") != nullptr;
  if (basic && (token != nullptr || !file.empty()))
    return wrong(user.place, "user " + api::in_quotes(user.name) +
                                 " has a token and a user name with password; remove one of the two");
  if ((basic || token != nullptr || !file.empty()) && access.server.starts_with("http:"))
    return wrong(user.place,
                 "user " + api::in_quotes(user.name) + " has a token or a password, which " +
                     api::in_quotes(access.server) +
                     " would carry in clear; write https:// in the cluster's server, or remove it");
  SecretBytes given = token == nullptr ? SecretBytes() : token->clone();
  if (!file.empty()) {
    access.credentials = token_file(file, std::move(given));
  } else if (!given.empty()) {
    access.credentials = bearer_token(std::move(given));
  } else if (basic) {
    const SecretBytes* password = user.secret("password");
    access.credentials = basic_auth(username, password == nullptr ? SecretBytes() : password->clone());
  }
  return {};
}

}  // namespace

Result<ClusterAccess> kubeconfig_access(const KubeconfigOptions& options) {
  ASSIGN_OR_RETURN(const Kubeconfig config, load(options));
  const bool chosen = !options.context.empty();
  const std::string name = chosen ? options.context : config.current_context.text;
  if (name.empty() && config.contexts.empty())
    return wrong(config.files, "has no contexts: it is empty or no kubeconfig; give another by --kubeconfig");
  if (name.empty())
    return wrong(config.files, "no current-context; give --context: " + names_of(config.contexts));
  ASSIGN_OR_RETURN(
      const KubeconfigEntry* context,
      find(config.contexts, "context", name, chosen ? config.files : config.current_context.place));
  RETURN_IF_ERROR(require_text(*context, {"cluster", "user", "namespace"}));
  ASSIGN_OR_RETURN(const KubeconfigEntry* cluster,
                   find(config.clusters, "cluster", context->text("cluster"), context->place));
  ClusterAccess access;
  access.credentials = no_credentials();
  RETURN_IF_ERROR(read_cluster(*cluster, access));
  // A context without a user is an anonymous one.
  if (!context->text("user").empty()) {
    ASSIGN_OR_RETURN(const KubeconfigEntry* user,
                     find(config.users, "user", context->text("user"), context->place));
    RETURN_IF_ERROR(read_user(*user, access));
  }
  if (!context->text("namespace").empty()) access.namespace_ = context->text("namespace");
  access.origin = config.files + ", context " + api::in_quotes(name);
  return access;
}

}  // namespace hawser::kube
