#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "operator/store/status_file.h"
#include "operator/store/status_sink.h"

namespace hawser::store {

// StatusSink and MetadataKeeper of folder mode: a file for each object, and the counter of operator starts.
// One writer: the folder stays locked for as long as this object lives.
class StatusFolder final : public StatusSink, public MetadataKeeper {
 public:
  // Makes the folder when it is not there, locks it, counts the start and reads what is in it.
  // AlreadyExists: another operator holds it.
  static Result<std::unique_ptr<StatusFolder>> open(const std::string& path);
  ~StatusFolder() override;
  StatusFolder(const StatusFolder&) = delete;
  StatusFolder& operator=(const StatusFolder&) = delete;

  // Higher than that of every operator that used this folder before.
  uint64_t epoch() const { return epoch_; }

  std::map<api::ObjectKey, api::Status> statuses() const override;
  Result<bool> write(const api::ObjectKey& key, const api::ObjectMeta& meta,
                     const api::Status& status) override;
  Result<void> remove(const api::ObjectKey& key) override;
  std::vector<Notice> take_notices() override;
  api::ObjectMeta assign(const api::ObjectKey& key, const std::string& spec_digest, WallTime now) override;

 private:
  // What is known of an object's metadata, written with its next status.
  struct Metadata {
    int64_t generation = 0;
    std::string creation_timestamp;
    std::string spec_digest;
  };
  StatusFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  Result<void> count_start();
  Result<void> load();

  std::string path_;
  int lock_;
  uint64_t epoch_ = 0;
  std::map<api::ObjectKey, StatusRecord> files_;  // as they are on the disk
  std::map<api::ObjectKey, Metadata> metadata_;
  std::vector<Notice> notices_;
};

}  // namespace hawser::store
