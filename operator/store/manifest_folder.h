#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "operator/store/folder_watch.h"
#include "operator/store/manifest_set.h"
#include "operator/store/object_source.h"

namespace hawser::store {

// ObjectSource of folder mode: the *.yaml, *.yml and *.json of one folder, not of the folders in it. Editors'
// temporary files (a leading dot or '#', a trailing '~') are passed over; symbolic links are followed, as
// ConfigMap volumes need it.
class ManifestFolder final : public ObjectSource {
 public:
  static constexpr size_t kMaxFileSize = size_t{64} << 20;

  // `metadata` outlives the folder. NotFound when it is no folder.
  static Result<std::unique_ptr<ManifestFolder>> open(const std::string& path, MetadataKeeper& metadata);

  int event_fd() const override { return watch_->fd(); }
  std::optional<TimePoint> next_deadline() const override { return watch_->scan_due(); }
  bool poll(Now now) override;
  std::shared_ptr<const SourceSnapshot> snapshot() const override { return snapshot_; }
  std::vector<Notice> take_notices() override;

 private:
  // What of a file tells that its content may have changed.
  struct Signature {
    uint64_t device = 0, inode = 0, size = 0;
    int64_t modified_ns = 0, changed_ns = 0;
    friend bool operator==(const Signature&, const Signature&) = default;
  };
  ManifestFolder(std::string path, std::unique_ptr<FolderWatch> watch, MetadataKeeper& metadata);
  bool scan(TimePoint now);
  bool scan_file(const std::string& name, TimePoint now);
  void warn_if_exposed(const std::string& name, uint32_t mode);

  std::string path_;
  std::unique_ptr<FolderWatch> watch_;
  MetadataKeeper& metadata_;
  ManifestSet manifests_;
  std::map<std::string, Signature> seen_;
  std::map<std::string, uint32_t> warned_modes_;
  bool listable_ = true;
  std::shared_ptr<const SourceSnapshot> snapshot_;
  std::vector<Notice> notices_;
};

// Is it the name of a manifest?
bool is_manifest_name(const std::string& name);

// The manifests of a folder as they are now, by file name, for programs that only look. NotFound when it is
// no folder; files that cannot be read are left out.
Result<std::map<std::string, std::string>> read_manifest_files(const std::string& folder);

}  // namespace hawser::store
