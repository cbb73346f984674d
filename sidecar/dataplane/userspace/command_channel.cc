#include "sidecar/dataplane/userspace/command_channel.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <cstring>

namespace hawser::dataplane {

Result<std::unique_ptr<CommandChannel>> CommandChannel::create() {
  UniqueFd fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!fd) return Error{ErrorCode::Internal, std::string("cannot make an eventfd: ") + std::strerror(errno)};
  return std::unique_ptr<CommandChannel>(new CommandChannel(std::move(fd)));
}

void CommandChannel::run(const std::function<void()>& command) {
  std::unique_lock lock(mutex_);
  CHECK(pending_ == nullptr);  // one caller
  pending_ = &command;
  eventfd_write(fd_.get(), 1);
  done_.wait(lock, [&] { return pending_ == nullptr; });
}

void CommandChannel::execute() {
  eventfd_t value;
  eventfd_read(fd_.get(), &value);
  std::lock_guard lock(mutex_);
  if (pending_ == nullptr) return;
  (*pending_)();
  pending_ = nullptr;
  done_.notify_one();
}

}  // namespace hawser::dataplane
