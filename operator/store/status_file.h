#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "operator/api/kinds.h"
#include "operator/api/status.h"

namespace hawser::store {

// One file of the status folder.
struct StatusRecord {
  api::ObjectKey key;
  int64_t generation = 0;
  std::string creation_timestamp;
  std::string spec_digest;  // kept as an annotation: it tells whether the spec changed while no operator ran
  api::Status status;
  friend bool operator==(const StatusRecord&, const StatusRecord&) = default;
};

std::string render(const StatusRecord& record);
// InvalidArgument when it is not what render() wrote.
Result<StatusRecord> parse_status(std::string_view text);

// "<namespace>/<plural>/<name>.yaml" below the status folder. InvalidArgument when a name of the key would
// lead elsewhere.
Result<std::string> status_path(const api::ObjectKey& key);

// Every status file below `folder`, for programs that only look. Files that cannot be read become `problems`.
struct StatusFolderContents {
  std::map<api::ObjectKey, StatusRecord> records;
  std::vector<std::string> problems;
};
// NotFound when it is no folder.
Result<StatusFolderContents> read_status_folder(const std::string& folder);

}  // namespace hawser::store
