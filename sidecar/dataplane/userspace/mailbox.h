#pragma once

#include <deque>
#include <memory>
#include <mutex>

#include "common/base/result.h"
#include "sidecar/dataplane/node/unique_fd.h"
#include "sidecar/dataplane/userspace/user_space_data_plane.h"

namespace hawser::dataplane {

// From the worker to the loop thread: events and IKE datagrams, bounded, with one descriptor that is readable
// while something waits. Any thread.
class Mailbox {
 public:
  static constexpr size_t kMaxDatagrams = 1024;
  static constexpr size_t kMaxDatagramBytes = size_t{4} << 20;
  // Signs of life beyond this are dropped (the next second brings another); what happens once a pair never
  // is.
  static constexpr size_t kMaxActivity = 8192;

  static Result<std::unique_ptr<Mailbox>> create();

  int fd() const { return fd_.get(); }
  void post(sa::DataPlaneEvent event);
  void post(UdpDatagram datagram);
  std::optional<sa::DataPlaneEvent> poll_event();
  std::optional<UdpDatagram> poll_datagram();

 private:
  explicit Mailbox(UniqueFd fd) : fd_(std::move(fd)) {}
  void signal();
  void clear_when_empty();

  UniqueFd fd_;
  std::mutex mutex_;
  bool signalled_ = false;
  std::deque<sa::DataPlaneEvent> events_;
  std::deque<UdpDatagram> datagrams_;
  size_t datagram_bytes_ = 0;
};

}  // namespace hawser::dataplane
