#pragma once

#include <array>
#include <memory>

#include "sidecar/dataplane/userspace/packet_buffer.h"
#include "sidecar/dataplane/userspace/socket_address.h"
#include "sidecar/dataplane/userspace/tunnel_counters.h"

namespace hawser::dataplane {

// Where a Child SA's packets go: prepared once, used for each packet.
struct SendPath {
  int fd = -1;
  SocketName remote;
  socklen_t remote_size = 0;
  IpAddress source;  // unspecified: the route decides
};
SendPath make_send_path(int fd, const SocketAddress& local, const SocketAddress& remote);

// sendmmsg: packets are built in its slots and leave when it is full or on flush().
class SendBatch {
 public:
  SendBatch();

  // kHeadroom + kMaxPacket + kTailroom octets, free until commit().
  MutableBytesView next_slot() { return slots_.slot(count_); }
  // Sends `packet`, a part of next_slot(). REQUIRES: the same socket since the last flush(). `path` and
  // `counters` stay valid until flush(), which counts there: what left with its `inner_size`, what the kernel
  // refused as a drop.
  void commit(const SendPath& path, MutableBytesView packet, uint8_t tos, size_t inner_size,
              TunnelCounters& counters);
  void flush();

 private:
  struct Control {
    alignas(cmsghdr) std::array<char, 96> octets;
  };

  PacketSlots slots_;
  size_t count_ = 0;
  int fd_ = -1;
  std::array<mmsghdr, kBatch> messages_{};
  std::array<iovec, kBatch> vectors_{};
  std::array<Control, kBatch> controls_{};
  std::array<TunnelCounters*, kBatch> counters_{};
  std::array<size_t, kBatch> inner_sizes_{};
};

}  // namespace hawser::dataplane
