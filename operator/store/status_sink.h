#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "operator/api/kinds.h"
#include "operator/api/status.h"
#include "operator/store/notice.h"

namespace hawser::store {

// Where the status of objects goes, and where it is found again after a restart. Belongs to one thread.
class StatusSink {
 public:
  virtual ~StatusSink() = default;
  // What is there now, by object.
  virtual std::map<api::ObjectKey, api::Status> statuses() const = 0;
  // True when something was written: writing what is there already writes nothing.
  virtual Result<bool> write(const api::ObjectKey& key, const api::ObjectMeta& meta,
                             const api::Status& status) = 0;
  // Of an object that is gone. Removing what is not there is no error.
  virtual Result<void> remove(const api::ObjectKey& key) = 0;
  virtual std::vector<Notice> take_notices() = 0;
};

// The part of metadata that an API server would keep: it survives a restart.
class MetadataKeeper {
 public:
  virtual ~MetadataKeeper() = default;
  // uid, generation and creationTimestamp of an object with this spec. `spec_digest` stands for the canonical
  // spec: when it changes, the generation rises by one.
  virtual api::ObjectMeta assign(const api::ObjectKey& key, const std::string& spec_digest, WallTime now) = 0;
};

}  // namespace hawser::store
