#include "operator/store/folder_watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hawser::store {
namespace {

constexpr uint32_t kEvents = IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                             IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

}  // namespace

Result<std::unique_ptr<FolderWatch>> FolderWatch::open(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
    return Error{ErrorCode::NotFound, "'" + path + "' is not a folder"};
  const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return Error{ErrorCode::Internal, std::string("inotify: ") + std::strerror(errno)};
  std::unique_ptr<FolderWatch> watch(new FolderWatch(path, fd));
  watch->watch();
  return watch;
}

FolderWatch::~FolderWatch() { close(fd_); }

// The watch is on a folder, not on a path: after a swap of the folder it must move.
void FolderWatch::watch() {
  struct stat info {};
  if (stat(path_.c_str(), &info) != 0) return;
  if (watch_ >= 0 && info.st_dev == device_ && info.st_ino == inode_) return;
  if (watch_ >= 0) inotify_rm_watch(fd_, watch_);
  watch_ = inotify_add_watch(fd_, path_.c_str(), kEvents);
  device_ = info.st_dev;
  inode_ = info.st_ino;
  writing_.clear();
}

void FolderWatch::poll(TimePoint now) {
  alignas(inotify_event) char buffer[16384];
  while (true) {
    const ssize_t size = read(fd_, buffer, sizeof buffer);
    if (size <= 0) return;
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof(inotify_event)) + event->len;
      on_event(event->mask, event->len > 0 ? event->name : "", now);
    }
  }
}

void FolderWatch::on_event(uint32_t mask, const std::string& name, TimePoint now) {
  if ((mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) != 0) watch_ = -1;
  if ((mask & IN_MODIFY) != 0) {
    writing_[name] = now;
  } else if ((mask & (IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)) != 0) {
    writing_.erase(name);
  }
  if (!first_change_) first_change_ = now;
  last_change_ = now;
}

TimePoint FolderWatch::scan_due() const {
  TimePoint due = last_scan_ == TimePoint::min() ? TimePoint::min() : last_scan_ + kRescan;
  if (!first_change_) return due;
  if (*first_change_ == TimePoint::min()) return TimePoint::min();
  return std::min({due, *first_change_ + kPatience, last_change_ + kPause});
}

void FolderWatch::handle_scan(TimePoint now) {
  first_change_.reset();
  last_scan_ = now;
  watch();
}

bool FolderWatch::is_being_written(const std::string& name, TimePoint now) const {
  auto found = writing_.find(name);
  return found != writing_.end() && now - found->second < kWriteLimit;
}

}  // namespace hawser::store
