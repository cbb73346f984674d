#include "sidecar/agent/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace hawser::agent {
namespace {

Error system_error(const std::string& what) {
  return {ErrorCode::Internal, what + ": " + std::strerror(errno)};
}

void drain_counter(int fd) {
  uint64_t count = 0;
  while (read(fd, &count, sizeof count) > 0) {
  }
}

}  // namespace

Result<std::unique_ptr<Loop>> Loop::create() {
  std::unique_ptr<Loop> loop(new Loop);
  loop->epoll_ = epoll_create1(EPOLL_CLOEXEC);
  loop->timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  loop->mailbox_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (loop->epoll_ < 0 || loop->timer_ < 0 || loop->mailbox_ < 0)
    return system_error("cannot make the event loop");
  RETURN_IF_ERROR(loop->watch(loop->timer_, [fd = loop->timer_] { drain_counter(fd); }));
  Loop* raw = loop.get();
  RETURN_IF_ERROR(loop->watch(loop->mailbox_, [raw] { raw->run_tasks(); }));
  return loop;
}

Loop::~Loop() {
  for (int fd : {epoll_, timer_, mailbox_}) {
    if (fd >= 0) close(fd);
  }
}

Result<void> Loop::watch(int fd, std::function<void()> ready) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0)
    return system_error("cannot watch a file descriptor");
  ready_[fd] = std::move(ready);
  return {};
}

void Loop::unwatch(int fd) {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  ready_.erase(fd);
}

void Loop::post(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  const uint64_t one = 1;
  // A full counter already wakes the loop, so a failed write loses nothing.
  [[maybe_unused]] auto written = write(mailbox_, &one, sizeof one);
}

void Loop::run_tasks() {
  drain_counter(mailbox_);
  std::vector<std::function<void()>> tasks;
  {
    std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (auto& task : tasks) task();
}

void Loop::arm(std::optional<TimePoint> deadline) {
  itimerspec spec{};
  if (deadline) {
    // 0 would disarm the timer; a time in the past fires at once.
    const auto since = std::max<Duration>(deadline->time_since_epoch(), Duration(1));
    spec.it_value.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(since).count();
    spec.it_value.tv_nsec = (since % std::chrono::seconds(1)).count();
  }
  timerfd_settime(timer_, TFD_TIMER_ABSTIME, &spec, nullptr);
}

void Loop::run(const std::function<std::optional<TimePoint>()>& turn) {
  running_ = true;
  std::array<epoll_event, 32> events{};
  while (true) {
    const auto deadline = turn();
    if (!running_) return;
    arm(deadline);
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      auto found = ready_.find(events[static_cast<size_t>(i)].data.fd);
      if (found == ready_.end()) continue;
      auto ready = found->second;  // it may unwatch itself
      ready();
    }
  }
}

}  // namespace hawser::agent
