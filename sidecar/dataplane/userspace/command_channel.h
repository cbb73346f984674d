#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "common/base/result.h"
#include "sidecar/dataplane/node/unique_fd.h"

namespace hawser::dataplane {

// Lets one thread run code on another: run() returns when the worker has carried it out.
class CommandChannel {
 public:
  static Result<std::unique_ptr<CommandChannel>> create();

  // Caller's side. The command may refer to the caller's stack: it waits.
  void run(const std::function<void()>& command);

  // Worker's side: fd() is readable while a command waits.
  int fd() const { return fd_.get(); }
  void execute();

 private:
  explicit CommandChannel(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
  std::mutex mutex_;
  std::condition_variable done_;
  const std::function<void()>* pending_ = nullptr;
};

}  // namespace hawser::dataplane
