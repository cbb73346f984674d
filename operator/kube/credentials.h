#pragma once

#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/environment.h"
#include "common/base/result.h"
#include "common/base/secret.h"
#include "operator/kube/http_transport.h"

namespace hawser::kube {

// What a request shows in its Authorization header. Client certificates are the transport's (TlsFiles).
// Belongs to one thread.
class Credentials {
 public:
  virtual ~Credentials() = default;
  // "Bearer …"; empty: no such header.
  virtual Result<std::string> authorization(TimePoint now) = 0;
  // The server answered 401 to a request that was sent at `sent`.
  virtual void refused(TimePoint sent) = 0;
};

std::unique_ptr<Credentials> no_credentials();
std::unique_ptr<Credentials> bearer_token(SecretBytes token);
std::unique_ptr<Credentials> basic_auth(const std::string& username, const SecretBytes& password);

// A token that its issuer replaces in place. Read again every minute, 10 s before the minute is over; a file
// that cannot be read leaves the token as it was. A 401 drops the token, unless it was read after the
// request was sent. `fallback` is used when the file never could be read.
std::unique_ptr<Credentials> token_file(std::string path, SecretBytes fallback = {});

// Where a cluster is, and as whom to talk to it.
struct ClusterAccess {
  std::string server;  // "https://10.96.0.1:443"
  TlsFiles tls;
  std::unique_ptr<Credentials> credentials;
  std::string namespace_ = "default";
  std::string origin;  // for people: "the pod's service account", "/root/.kube/config, context 'test'"
};

// What a pod gets: the two environment variables and the files of its service account.
struct InClusterFiles {
  std::string folder = "/var/run/secrets/kubernetes.io/serviceaccount";
  Environment environment = process_environment;
};
// NotFound outside a cluster. An IPv6 address of the server is replaced by the name that every cluster gives
// it, because the HTTP library cannot connect to one.
Result<ClusterAccess> in_cluster_access(const InClusterFiles& files = {});

}  // namespace hawser::kube
