#pragma once

#include <string>

#include "common/base/environment.h"
#include "operator/kube/credentials.h"

namespace hawser::kube {

struct KubeconfigOptions {
  std::string file{};     // --kubeconfig; empty: the list in KUBECONFIG, else ~/.kube/config
  std::string context{};  // --context; empty: the current one
  Environment environment = process_environment;
};

// What kubectl would use. Errors name the file, the place in it and the entry. NotFound: no file is there.
// Unsupported: the entry wants what we cannot do yet (exec, auth-provider, proxy-url, impersonation).
Result<ClusterAccess> kubeconfig_access(const KubeconfigOptions& options);

}  // namespace hawser::kube
