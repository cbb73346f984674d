#include "operator/store/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace hawser::store {
namespace {

Error failed(const std::string& path) {
  return {ErrorCode::Unavailable, "cannot write '" + path + "': " + std::strerror(errno)};
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<size_t>(count));
  }
  return fsync(fd) == 0;
}

// The new name itself must reach the disk too.
void sync_folder(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

}  // namespace

Result<void> write_atomically(const std::string& path, std::string_view text) {
  const std::filesystem::path target(path);
  // A leading dot: whoever reads the folder passes over it.
  const std::string temporary = target.parent_path() / ("." + target.filename().string() + ".tmp");
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) return failed(temporary);
  const bool written = write_all(fd, text);
  const Error error = failed(temporary);
  close(fd);
  if (!written || std::rename(temporary.c_str(), path.c_str()) != 0) {
    const Error rename_error = written ? failed(path) : error;
    unlink(temporary.c_str());
    return rename_error;
  }
  sync_folder(target.parent_path());
  return {};
}

}  // namespace hawser::store
