#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "operator/api/codec.h"
#include "operator/store/object_source.h"
#include "operator/store/status_sink.h"

namespace hawser::store {

// The manifests of one folder, file by file, each object as it last was good. Pure: texts go in, snapshots
// come out.
class ManifestSet {
 public:
  // The file has this text now.
  void put(const std::string& file, std::string_view text);
  // The file is there but cannot be read: it keeps its objects.
  void put_unreadable(const std::string& file, const std::string& why);
  // The file is gone, and its objects with it.
  void erase(const std::string& file);

  std::shared_ptr<const SourceSnapshot> build(MetadataKeeper& metadata, WallTime now);
  // Does the file's present text hold a Secret?
  bool has_secret(const std::string& file) const;
  std::vector<Notice> take_notices();

 private:
  struct File {
    std::map<api::ObjectKey, api::AnyObject> objects;  // as last good
    std::map<api::ObjectKey, std::string> broken;
    std::string fault;   // of the text as a whole, as it is now
    bool known = false;  // its text could be read as a whole at least once, so its objects have names
    std::set<std::string> ignored;
  };
  static void take_problems(File& next, const std::vector<api::Problem>& problems, std::string& text_fault);
  static void keep_last_good(File& next, File& last, const std::string& text_fault);
  void report(const std::string& file, const File& next, const File& last, const std::string& text_fault);
  const std::string* owner(const api::ObjectKey& key, const std::set<std::string>& files) const;

  std::map<std::string, File> files_;
  std::map<api::ObjectKey, std::string> owners_;  // the file each object came from last
  std::vector<Notice> notices_;
  uint64_t revision_ = 0;
};

// "Connection default/vnet1tosite6" back to its key; false when it is not one.
bool parse_key(std::string_view text, api::ObjectKey& key);

}  // namespace hawser::store
