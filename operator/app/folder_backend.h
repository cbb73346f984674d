#pragma once

#include <memory>
#include <string>

#include "common/base/result.h"
#include "operator/app/backend.h"
#include "operator/store/manifest_folder.h"
#include "operator/store/status_folder.h"

namespace hawser::app {

// A folder of manifests and one of statuses: always in charge, because the status folder has one writer.
class FolderBackend final : public Backend {
 public:
  static Result<std::unique_ptr<FolderBackend>> open(const std::string& manifests, const std::string& status);

  store::ObjectSource& objects() override { return *manifests_; }
  store::StatusSink& statuses() override { return *status_; }
  bool poll(store::Now now) override { return manifests_->poll(now); }
  std::optional<TimePoint> next_deadline() const override { return manifests_->next_deadline(); }
  Duty duty(TimePoint) const override { return manifests_->snapshot() ? Duty::Act : Duty::Wait; }
  uint64_t epoch() const override { return status_->epoch(); }
  std::vector<store::Notice> take_notices() override;
  std::string readiness() const override {
    return manifests_->snapshot() ? "" : "the manifests have not been read yet";
  }

 private:
  FolderBackend() = default;
  std::unique_ptr<store::StatusFolder> status_;
  std::unique_ptr<store::ManifestFolder> manifests_;
};

}  // namespace hawser::app
