#pragma once

#include <array>
#include <memory>

#include "sidecar/dataplane/userspace/packet_buffer.h"
#include "sidecar/dataplane/userspace/socket_address.h"

namespace hawser::dataplane {

// recvmmsg with the addresses and the TOS (traffic class) of each packet.
class ReceiveBatch {
 public:
  ReceiveBatch();

  struct Packet {
    MutableBytesView payload;
    SocketAddress local;  // port: that of the socket, as given to receive()
    SocketAddress remote;
    uint8_t tos = 0;
    size_t segment_size =
        0;  // payload is several datagrams of this size, the last may be shorter; 0: just one
  };
  // How many came in, at most kBatch; 0 when there is none now.
  size_t receive(int fd, uint16_t local_port);
  // Valid until the next receive(). Nothing when it did not fit into a slot.
  bool read(size_t index, Packet& packet);

 private:
  static constexpr size_t kControlSize = 128;
  struct Control {
    alignas(cmsghdr) std::array<char, kControlSize> octets;
  };
  uint16_t local_port_ = 0;
  // The kernel may hand on a whole run of datagrams (UDP_GRO).
  PacketSlots slots_{65536};
  std::array<mmsghdr, kBatch> messages_{};
  std::array<iovec, kBatch> vectors_{};
  std::array<SocketName, kBatch> names_{};
  std::array<Control, kBatch> controls_{};
};

}  // namespace hawser::dataplane
