#include "operator/store/manifest_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <utility>

namespace hawser::store {
namespace {

int64_t nanoseconds(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

Result<std::string> read_file(const std::string& path, size_t limit) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return Error{ErrorCode::Unavailable, std::string("cannot be read: ") + std::strerror(errno)};
  std::string text;
  char piece[65536];
  ssize_t count = 0;
  while (text.size() <= limit && (count = read(fd, piece, sizeof piece)) > 0)
    text.append(piece, static_cast<size_t>(count));
  const int error = errno;
  close(fd);
  if (count < 0) return Error{ErrorCode::Unavailable, std::string("cannot be read: ") + std::strerror(error)};
  if (text.size() > limit)
    return Error{ErrorCode::InvalidArgument,
                 "is larger than " + std::to_string(limit >> 20) + " MB; split it"};
  return text;
}

// Null when the folder cannot be listed.
std::optional<std::set<std::string>> list_manifests(const std::string& path, std::string& why) {
  std::set<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(path, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
    if (is_manifest_name(entry->path().filename())) names.insert(entry->path().filename());
  why = error.message();
  if (error) return std::nullopt;
  return names;
}

}  // namespace

bool is_manifest_name(const std::string& name) {
  // ".x.yaml.swp", "..data", "#x.yaml#", "x.yaml~"
  if (name.empty() || name.front() == '.' || name.front() == '#' || name.back() == '~') return false;
  const std::string extension = std::filesystem::path(name).extension();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

Result<std::map<std::string, std::string>> read_manifest_files(const std::string& folder) {
  std::string why;
  auto names = list_manifests(folder, why);
  if (!names) return Error{ErrorCode::NotFound, "cannot list '" + folder + "': " + why};
  std::map<std::string, std::string> files;
  for (const std::string& name : *names) {
    auto text = read_file(folder + "/" + name, ManifestFolder::kMaxFileSize);
    if (text) files[name] = *std::move(text);
  }
  return files;
}

Result<std::unique_ptr<ManifestFolder>> ManifestFolder::open(const std::string& path,
                                                             MetadataKeeper& metadata) {
  ASSIGN_OR_RETURN(auto watch, FolderWatch::open(path));
  return std::unique_ptr<ManifestFolder>(new ManifestFolder(path, std::move(watch), metadata));
}

ManifestFolder::ManifestFolder(std::string path, std::unique_ptr<FolderWatch> watch, MetadataKeeper& metadata)
    : path_(std::move(path)), watch_(std::move(watch)), metadata_(metadata) {}

bool ManifestFolder::poll(Now now) {
  watch_->poll(now.monotonic);
  if (now.monotonic < watch_->scan_due()) return false;
  watch_->handle_scan(now.monotonic);
  if (!scan(now.monotonic) && snapshot_) return false;
  snapshot_ = manifests_.build(metadata_, now.wall);
  for (Notice& notice : manifests_.take_notices()) notices_.push_back(std::move(notice));
  return true;
}

bool ManifestFolder::scan(TimePoint now) {
  std::string why;
  auto names = list_manifests(path_, why);
  if (!names) {
    // A folder that is gone for a moment (a remount, a slip of the hand) takes no tunnel down.
    if (std::exchange(listable_, false))
      notices_.push_back({Notice::Level::Error,
                          "cannot list '" + path_ + "': " + why + "; keeping all objects as last read"});
    return false;
  }
  listable_ = true;
  bool changed = false;
  for (const std::string& name : *names) changed = scan_file(name, now) || changed;
  for (auto seen = seen_.begin(); seen != seen_.end();) {
    if (names->contains(seen->first)) {
      ++seen;
      continue;
    }
    manifests_.erase(seen->first);
    warned_modes_.erase(seen->first);
    seen = seen_.erase(seen);
    changed = true;
  }
  return changed;
}

bool ManifestFolder::scan_file(const std::string& name, TimePoint now) {
  const std::string path = path_ + "/" + name;
  struct stat info {};
  Signature signature;
  if (stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return false;
    signature = {info.st_dev, info.st_ino, static_cast<uint64_t>(info.st_size), nanoseconds(info.st_mtim),
                 nanoseconds(info.st_ctim)};
  }
  auto seen = seen_.find(name);
  if (seen != seen_.end() && seen->second == signature) return false;
  if (watch_->is_being_written(name, now)) return false;
  seen_[name] = signature;
  auto text = S_ISREG(info.st_mode) || info.st_mode == 0
                  ? read_file(path, kMaxFileSize)
                  : Result<std::string>(Error{ErrorCode::InvalidArgument, "is not a regular file"});
  if (text) {
    manifests_.put(name, *text);
    warn_if_exposed(name, info.st_mode);
  } else {
    manifests_.put_unreadable(name, text.error().message);
  }
  return true;
}

void ManifestFolder::warn_if_exposed(const std::string& name, uint32_t mode) {
  constexpr uint32_t kReadableByOthers = S_IRGRP | S_IROTH;
  if (!manifests_.has_secret(name) || (mode & kReadableByOthers) == 0) {
    warned_modes_.erase(name);
    return;
  }
  if (warned_modes_.contains(name) && warned_modes_[name] == mode) return;
  warned_modes_[name] = mode;
  notices_.push_back(
      {Notice::Level::Warning,
       name + " holds a Secret and others can read it; run: chmod 600 '" + path_ + "/" + name + "'"});
}

std::vector<Notice> ManifestFolder::take_notices() { return std::exchange(notices_, {}); }

}  // namespace hawser::store
