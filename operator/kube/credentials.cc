#include "operator/kube/credentials.h"

#include <fstream>
#include <sstream>

#include "common/base/base64.h"

namespace hawser::kube {
namespace {

constexpr Duration kTokenPeriod = std::chrono::minutes(1);
constexpr Duration kTokenLeeway = std::chrono::seconds(10);

// Always shows the same.
class FixedHeader final : public Credentials {
 public:
  explicit FixedHeader(SecretBytes header) : header_(std::move(header)) {}
  Result<std::string> authorization(TimePoint) override {
    return std::string(header_.view().begin(), header_.view().end());
  }
  void refused(TimePoint) override {}

 private:
  SecretBytes header_;
};

SecretBytes secret(std::string text) {
  SecretBytes out(as_bytes(text));
  wipe({reinterpret_cast<uint8_t*>(text.data()), text.size()});
  return out;
}

std::string text_of(const SecretBytes& bytes) { return {bytes.view().begin(), bytes.view().end()}; }

std::optional<std::string> read_trimmed(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  std::string out = text.str();
  const size_t end = out.find_last_not_of(" \t\r\n");
  out.resize(end == std::string::npos ? 0 : end + 1);
  return out;
}

class TokenFile final : public Credentials {
 public:
  TokenFile(std::string path, SecretBytes fallback)
      : path_(std::move(path)), fallback_(std::move(fallback)) {}

  Result<std::string> authorization(TimePoint now) override {
    if (token_.empty() || now >= read_at_ + kTokenPeriod - kTokenLeeway) {
      auto text = read_trimmed(path_);
      if (text && !text->empty()) {
        token_ = secret(*std::move(text));
        read_at_ = now;
      }
    }
    const SecretBytes& token = token_.empty() ? fallback_ : token_;
    if (token.empty())
      return Error{ErrorCode::Unavailable, "the token file '" + path_ + "' is empty or cannot be read"};
    return "Bearer " + text_of(token);
  }
  void refused(TimePoint sent) override {
    if (read_at_ <= sent) token_.clear();
  }

 private:
  std::string path_;
  SecretBytes fallback_;
  SecretBytes token_;
  TimePoint read_at_{};
};

}  // namespace

std::unique_ptr<Credentials> no_credentials() { return std::make_unique<FixedHeader>(SecretBytes()); }

std::unique_ptr<Credentials> bearer_token(SecretBytes token) {
  return std::make_unique<FixedHeader>(secret("Bearer " + text_of(token)));
}

std::unique_ptr<Credentials> basic_auth(const std::string& username, const SecretBytes& password) {
  return std::make_unique<FixedHeader>(
      secret("Basic " + encode_base64(as_bytes(username + ":" + text_of(password)))));
}

std::unique_ptr<Credentials> token_file(std::string path, SecretBytes fallback) {
  return std::make_unique<TokenFile>(std::move(path), std::move(fallback));
}

Result<ClusterAccess> in_cluster_access(const InClusterFiles& files) {
  const Environment& environment = files.environment;
  const std::string host = environment("KUBERNETES_SERVICE_HOST").value_or("");
  const std::string port = environment("KUBERNETES_SERVICE_PORT").value_or("");
  if (host.empty() || port.empty())
    return Error{ErrorCode::NotFound,
                 "not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set"};
  ClusterAccess access;
  const bool six = host.find(':') != std::string::npos;
  access.server = "https://" + (six ? "kubernetes.default.svc" : host) + ":" + port;
  access.tls.ca = files.folder + "/ca.crt";
  access.credentials = token_file(files.folder + "/token");
  access.origin = "the pod's service account";
  if (auto given = read_trimmed(files.folder + "/namespace"); given && !given->empty())
    access.namespace_ = *given;
  // Now, and not at the first request: a pod without a token must say so at its start.
  auto token = access.credentials->authorization(TimePoint{});
  if (!token) return token.error();
  access.credentials = token_file(files.folder + "/token");
  return access;
}

}  // namespace hawser::kube
