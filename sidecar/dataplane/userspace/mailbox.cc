#include "sidecar/dataplane/userspace/mailbox.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <cstring>

namespace hawser::dataplane {

Result<std::unique_ptr<Mailbox>> Mailbox::create() {
  UniqueFd fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!fd) return Error{ErrorCode::Internal, std::string("cannot make an eventfd: ") + std::strerror(errno)};
  return std::unique_ptr<Mailbox>(new Mailbox(std::move(fd)));
}

void Mailbox::post(sa::DataPlaneEvent event) {
  std::lock_guard lock(mutex_);
  bool again = std::holds_alternative<sa::InboundActivity>(event) ||
               std::holds_alternative<sa::OutboundActivity>(event);
  if (again && events_.size() >= kMaxActivity) return;
  events_.push_back(std::move(event));
  signal();
}

void Mailbox::post(UdpDatagram datagram) {
  std::lock_guard lock(mutex_);
  if (datagrams_.size() >= kMaxDatagrams || datagram_bytes_ + datagram.payload.size() > kMaxDatagramBytes)
    return;
  datagram_bytes_ += datagram.payload.size();
  datagrams_.push_back(std::move(datagram));
  signal();
}

std::optional<sa::DataPlaneEvent> Mailbox::poll_event() {
  std::lock_guard lock(mutex_);
  if (events_.empty()) return std::nullopt;
  sa::DataPlaneEvent event = std::move(events_.front());
  events_.pop_front();
  clear_when_empty();
  return event;
}

std::optional<UdpDatagram> Mailbox::poll_datagram() {
  std::lock_guard lock(mutex_);
  if (datagrams_.empty()) return std::nullopt;
  UdpDatagram datagram = std::move(datagrams_.front());
  datagrams_.pop_front();
  datagram_bytes_ -= datagram.payload.size();
  clear_when_empty();
  return datagram;
}

void Mailbox::signal() {
  if (signalled_) return;
  signalled_ = true;
  eventfd_write(fd_.get(), 1);
}

void Mailbox::clear_when_empty() {
  if (!events_.empty() || !datagrams_.empty()) return;
  signalled_ = false;
  eventfd_t value;
  eventfd_read(fd_.get(), &value);
}

}  // namespace hawser::dataplane
