#include "operator/app/open_cluster.h"

#include <unistd.h>

#include <utility>

#include "common/base/product_version.h"
#include "operator/app/cluster_backend.h"
#include "operator/kube/api_client.h"
#include "operator/kube/config/kubeconfig.h"
#include "operator/kube/config/proxy.h"
#include "operator/kube/cpprest/cpprest_transport.h"

namespace hawser::app {
namespace {

// A client with all that it stands on.
class OwningClient final : public kube::Client {
 public:
  OwningClient(kube::ClusterAccess access, std::unique_ptr<kube::HttpTransport> transport,
               std::function<void()> ring)
      : credentials_(std::move(access.credentials)),
        transport_(std::move(transport)),
        client_(kube::make_client(*transport_, *credentials_,
                                  {.user_agent = kube::user_agent("hawser-operator", kProductVersion)},
                                  std::move(ring))) {}
  std::unique_ptr<Call> call(kube::ApiRequest request, Done done) override {
    return client_->call(std::move(request), std::move(done));
  }
  std::unique_ptr<Call> watch(kube::ApiRequest request, Pieces pieces) override {
    return client_->watch(std::move(request), std::move(pieces));
  }
  void step(TimePoint now) override { client_->step(now); }
  std::optional<TimePoint> next_deadline() const override { return client_->next_deadline(); }
  std::vector<std::string> take_warnings() override { return client_->take_warnings(); }
  kube::RequestCounts requests() const override { return client_->requests(); }

 private:
  std::unique_ptr<kube::Credentials> credentials_;
  std::unique_ptr<kube::HttpTransport> transport_;
  std::unique_ptr<kube::Client> client_;
};

Result<kube::ClusterAccess> access_of(const ClusterOptions& options) {
  if (!options.kubeconfig.empty())
    return kube::kubeconfig_access({.file = options.kubeconfig, .context = options.context});
  auto access = kube::in_cluster_access();
  if (access) return access;
  return Error{access.error().code,
               access.error().message + "; outside of a cluster give --kubeconfig, or --manifests"};
}

struct Connection {
  std::unique_ptr<kube::Client> client;
  std::vector<std::string> warnings;  // what somebody should know of it
};

Result<Connection> connect(const ClusterOptions& options, const std::function<void()>& ring) {
  ASSIGN_OR_RETURN(kube::ClusterAccess access, access_of(options));
  Connection out;
  if (access.tls.insecure_skip_verify)
    out.warnings.push_back(
        access.origin + ": insecure-skip-tls-verify is set: whoever answers at " + access.server +
        " is believed, and gets this operator's credentials; give certificate-authority-data");
  if (std::string proxy = kube::proxy_warning(access.server); !proxy.empty())
    out.warnings.push_back(std::move(proxy));
  auto transport = kube::CpprestTransport::create(access.server, std::move(access.tls));
  if (!transport) return Error{transport.error().code, access.origin + ": " + transport.error().message};
  out.client = std::make_unique<OwningClient>(std::move(access), *std::move(transport), ring);
  return out;
}

}  // namespace

Result<std::unique_ptr<Backend>> open_cluster(const ClusterOptions& options, const std::string& identity,
                                              const Clock& clock, const std::function<void()>& ring) {
  ASSIGN_OR_RETURN(Connection connection, connect(options, ring));
  Connection of_lease;
  if (options.leader_elect) {
    ASSIGN_OR_RETURN(of_lease, connect(options, ring));
  }
  const uint64_t seed =
      static_cast<uint64_t>(clock.wall_now().time_since_epoch().count()) ^ static_cast<uint64_t>(getpid());
  ClusterBackend::Options backend{identity,
                                  options.namespace_,
                                  options.watch_namespaces,
                                  options.leader_elect,
                                  std::nullopt,
                                  std::move(connection.warnings)};
  if (!options.sidecar_selector.empty())
    backend.sidecars = {options.namespace_, options.sidecar_selector, options.sidecar_port};
  return std::unique_ptr<Backend>(std::make_unique<ClusterBackend>(
      std::move(connection.client), std::move(of_lease.client), std::move(backend), seed, clock));
}

}  // namespace hawser::app
