#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "operator/api/kinds.h"
#include "operator/kube/credentials.h"
#include "operator/kube/http_transport.h"
#include "operator/store/status_folder.h"

// Objects and their statuses from an API server, for commands that look once.
namespace hawser::cli {

// As kubectl has them.
struct ClusterFlags {
  std::string kubeconfig;
  std::string context;
  bool none() const { return kubeconfig.empty() && context.empty(); }
};

struct Cluster {
  std::unique_ptr<kube::HttpTransport> transport;
  std::unique_ptr<kube::Credentials> credentials;
  std::string namespace_;  // of the context
  std::string note{};      // to be told when nobody answers; may be empty
};
// The kubeconfig's cluster; without a kubeconfig the one this pod is in.
Result<Cluster> open_cluster(const ClusterFlags& flags);
using OpenCluster = std::function<Result<Cluster>(const ClusterFlags&)>;

// Everything that is known, by object; from two folders or from a cluster.
struct KnownObjects {
  std::map<api::ObjectKey, api::AnyObject> objects;
  store::StatusFolderContents status;  // its problems: what could not be read
};
// All objects of these kinds in one namespace; empty: in every one. Secrets are never read. NotFound when the
// cluster does not know our kinds, PermissionDenied when it refuses.
Result<KnownObjects> read_cluster(Cluster& cluster, const std::vector<api::Kind>& kinds,
                                  const std::string& namespace_);

// The folders to read, when there is no cluster to look at.
struct Folders {
  std::string manifests;
  std::string status;
  bool none() const { return manifests.empty() && status.empty(); }
};
// What was given; else, unless a cluster was given, what HAWSER_MANIFESTS and HAWSER_STATUS say.
// InvalidArgument when both a folder and a cluster were given.
Result<Folders> choose_folders(const std::string& manifests, const std::string& status,
                               const ClusterFlags& flags);

}  // namespace hawser::cli
