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
  bool udp = false;
};
SendPath make_send_path(int fd, sa::Encapsulation encapsulation, const SocketAddress& local,
                        const SocketAddress& remote);

// sendmmsg: packets are built in its slots and leave when it is full or on flush(). Equal neighbours leave as
// one message where the kernel can (UDP segmentation offload).
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
  struct Entry {
    const SendPath* path;
    TunnelCounters* counters;
    size_t inner_size;
    uint8_t tos;
  };
  struct Control {
    alignas(cmsghdr) std::array<char, 128> octets;
  };

  // How many entries from `first` on may leave as one message.
  size_t run_length(size_t first) const;
  void write_message(size_t index, size_t first, size_t length);
  void count_sent(size_t message);
  void handle_refusal(size_t message, int error);

  PacketSlots slots_{kHeadroom + kMaxPacket + kTailroom};
  size_t count_ = 0;
  std::array<Entry, kBatch> entries_{};
  std::array<iovec, kBatch> vectors_{};
  // A message is a run of entries: the kernel cuts it into datagrams after routing it once (UDP_SEGMENT).
  std::array<mmsghdr, kBatch> messages_{};
  std::array<size_t, kBatch> first_entry_{};
  std::array<Control, kBatch> controls_{};
};

}  // namespace hawser::dataplane
