#include "operator/app/folder_backend.h"

#include <utility>

namespace hawser::app {

Result<std::unique_ptr<FolderBackend>> FolderBackend::open(const std::string& manifests,
                                                           const std::string& status) {
  std::unique_ptr<FolderBackend> backend(new FolderBackend());
  ASSIGN_OR_RETURN(backend->status_, store::StatusFolder::open(status));
  auto folder = store::ManifestFolder::open(manifests, *backend->status_);
  if (!folder) return Error{folder.error().code, "--manifests " + folder.error().message};
  backend->manifests_ = std::move(folder).value();
  return backend;
}

std::vector<store::Notice> FolderBackend::take_notices() {
  std::vector<store::Notice> all = manifests_->take_notices();
  for (store::Notice& notice : status_->take_notices()) all.push_back(std::move(notice));
  return all;
}

}  // namespace hawser::app
