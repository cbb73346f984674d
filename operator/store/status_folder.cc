#include "operator/store/status_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "operator/store/atomic_file.h"

namespace hawser::store {
namespace {

// Who holds the lock, for the message to whoever comes second.
std::string read_holder(int lock) {
  char text[32] = {};
  const ssize_t size = pread(lock, text, sizeof text - 1, 0);
  std::string holder(text, size > 0 ? static_cast<size_t>(size) : 0);
  while (!holder.empty() && holder.back() == '\n') holder.pop_back();
  return holder.empty() ? "unknown" : holder;
}

Result<int> lock_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  const std::string file = path + "/.lock";
  const int lock = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (lock < 0) return Error{ErrorCode::Unavailable, "cannot open '" + file + "': " + std::strerror(errno)};
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const std::string holder = read_holder(lock);
    close(lock);
    return Error{ErrorCode::AlreadyExists, "the status folder '" + path +
                                               "' is in use by another hawser-operator (process " + holder +
                                               "); stop that one, or give this one a folder of its own"};
  }
  const std::string holder = std::to_string(getpid()) + "\n";
  if (ftruncate(lock, 0) != 0 || pwrite(lock, holder.data(), holder.size(), 0) < 0) {
    const std::string why = std::strerror(errno);
    close(lock);
    return Error{ErrorCode::Unavailable, "cannot write '" + file + "': " + why};
  }
  return lock;
}

}  // namespace

Result<std::unique_ptr<StatusFolder>> StatusFolder::open(const std::string& path) {
  ASSIGN_OR_RETURN(const int lock, lock_folder(path));
  std::unique_ptr<StatusFolder> folder(new StatusFolder(path, lock));
  RETURN_IF_ERROR(folder->count_start());
  RETURN_IF_ERROR(folder->load());
  return folder;
}

StatusFolder::~StatusFolder() { close(lock_); }

Result<void> StatusFolder::count_start() {
  const std::string file = path_ + "/.epoch";
  std::ifstream in(file);
  std::string text;
  if (in && std::getline(in, text)) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), epoch_);
    if (error != std::errc() || end != text.data() + text.size())
      return Error{ErrorCode::InvalidArgument,
                   "'" + file + "' holds '" + text.substr(0, 40) +
                       "', not a number; write a number into it that is higher than the epoch in "
                       "the sidecars' logs"};
  }
  ++epoch_;
  return write_atomically(file, std::to_string(epoch_) + "\n");
}

Result<void> StatusFolder::load() {
  ASSIGN_OR_RETURN(StatusFolderContents contents, read_status_folder(path_));
  for (const std::string& problem : contents.problems)
    notices_.push_back({Notice::Level::Warning, "passed over a status file: " + problem});
  for (const auto& [key, record] : contents.records)
    metadata_[key] = {record.generation, record.creation_timestamp, record.spec_digest};
  files_ = std::move(contents.records);
  return {};
}

api::ObjectMeta StatusFolder::assign(const api::ObjectKey& key, const std::string& spec_digest,
                                     WallTime now) {
  Metadata& known = metadata_[key];
  if (known.creation_timestamp.empty()) known.creation_timestamp = format_rfc3339(now);
  if (known.generation == 0 || known.spec_digest != spec_digest) ++known.generation;
  known.spec_digest = spec_digest;
  api::ObjectMeta meta;
  meta.namespace_ = key.namespace_;
  meta.name = key.name;
  // Names are unique in a folder, so the uid can be derived; it needs no memory then.
  meta.uid = std::string(api::row(key.kind).plural) + "." + key.namespace_ + "." + key.name;
  meta.generation = known.generation;
  meta.creation_timestamp = known.creation_timestamp;
  return meta;
}

std::map<api::ObjectKey, api::Status> StatusFolder::statuses() const {
  std::map<api::ObjectKey, api::Status> all;
  for (const auto& [key, record] : files_) all[key] = record.status;
  return all;
}

Result<bool> StatusFolder::write(const api::ObjectKey& key, const api::ObjectMeta& meta,
                                 const api::Status& status) {
  ASSIGN_OR_RETURN(const std::string relative, status_path(key));
  // An object whose text is broken comes without the metadata it had.
  const Metadata& known = metadata_[key];
  StatusRecord record{key, meta.generation, known.creation_timestamp, known.spec_digest, status};
  auto there = files_.find(key);
  if (there != files_.end() && there->second == record) return false;
  const std::filesystem::path path = path_ + "/" + relative;
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error)
    return Error{ErrorCode::Unavailable,
                 "cannot make '" + path.parent_path().string() + "': " + error.message()};
  RETURN_IF_ERROR(write_atomically(path, render(record)));
  files_[key] = std::move(record);
  return true;
}

Result<void> StatusFolder::remove(const api::ObjectKey& key) {
  metadata_.erase(key);
  if (files_.erase(key) == 0) return {};
  ASSIGN_OR_RETURN(const std::string relative, status_path(key));
  const std::filesystem::path path = path_ + "/" + relative;
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error)
    return Error{ErrorCode::Unavailable, "cannot remove '" + path.string() + "': " + error.message()};
  // Only when empty: others of the kind or namespace may be there.
  rmdir(path.parent_path().c_str());
  rmdir(path.parent_path().parent_path().c_str());
  return {};
}

std::vector<Notice> StatusFolder::take_notices() { return std::exchange(notices_, {}); }

}  // namespace hawser::store
