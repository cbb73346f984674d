#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace hawser::store {

// Says when a folder should be read again: changes are gathered until they pause, so that an editor's several
// steps or a `git checkout` are seen as one. Belongs to one thread.
class FolderWatch {
 public:
  static constexpr Duration kPause = std::chrono::milliseconds(100);  // nothing happened for so long
  static constexpr Duration kPatience =
      std::chrono::seconds(1);  // but never later than that after the first change
  static constexpr Duration kWriteLimit =
      std::chrono::seconds(5);  // a file held open longer is read as it is
  // Symbolic links to other folders, network file systems and a lost watch send no events.
  static constexpr Duration kRescan = std::chrono::seconds(10);

  // NotFound when it is no folder.
  static Result<std::unique_ptr<FolderWatch>> open(const std::string& path);
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  int fd() const { return fd_; }
  // Reads the events that are there.
  void poll(TimePoint now);
  // When a scan is due.
  TimePoint scan_due() const;
  // The scan begins: gathers anew, and watches the folder that is at the path now if it was replaced.
  void handle_scan(TimePoint now);
  // Somebody has this file open for writing and has changed it: what is in it is half of something.
  bool is_being_written(const std::string& name, TimePoint now) const;

 private:
  FolderWatch(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  void watch();
  void on_event(uint32_t mask, const std::string& name, TimePoint now);

  std::string path_;
  int fd_;
  int watch_ = -1;
  uint64_t device_ = 0;
  uint64_t inode_ = 0;
  std::optional<TimePoint> first_change_ = TimePoint::min();  // the first scan is due at once
  TimePoint last_change_ = TimePoint::min();
  TimePoint last_scan_ = TimePoint::min();
  std::map<std::string, TimePoint> writing_;
};

}  // namespace hawser::store
