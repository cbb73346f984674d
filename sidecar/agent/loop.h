#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace hawser::agent {

// The sidecar's one thread: epoll, a timerfd, and an eventfd as mailbox. Everything the engine, the
// reconciler and the streams do happens here; other threads only post.
class Loop {
 public:
  static Result<std::unique_ptr<Loop>> create();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // `ready` is called whenever fd is readable. The fd is borrowed and outlives the loop or is unwatched.
  Result<void> watch(int fd, std::function<void()> ready);
  void unwatch(int fd);

  // From any thread. Tasks run in order of posting; those left when the loop ends are dropped.
  void post(std::function<void()> task);

  // Calls `turn` before every wait; it says when to wake at the latest. Returns after stop().
  void run(const std::function<std::optional<TimePoint>()>& turn);
  // From the loop's thread; from others by post().
  void stop() { running_ = false; }

 private:
  Loop() = default;
  void arm(std::optional<TimePoint> deadline);
  void run_tasks();

  int epoll_ = -1;
  int timer_ = -1;
  int mailbox_ = -1;
  bool running_ = false;
  std::map<int, std::function<void()>> ready_;
  std::mutex mutex_;
  std::vector<std::function<void()>> tasks_;  // guarded by mutex_
};

}  // namespace hawser::agent
