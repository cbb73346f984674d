#include "operator/app/open_cluster.h"

namespace hawser::app {

Result<std::unique_ptr<Backend>> open_cluster(const ClusterOptions&, const std::string&, const Clock&,
                                              std::function<void()>) {
  return Error{ErrorCode::Unsupported, "no API server yet; give --manifests"};
}

}  // namespace hawser::app
