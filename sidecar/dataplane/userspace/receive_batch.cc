#include "sidecar/dataplane/userspace/receive_batch.h"

#include <netinet/udp.h>

#include <algorithm>
#include <cstring>

namespace hawser::dataplane {

ReceiveBatch::ReceiveBatch() {
  for (size_t i = 0; i < kBatch; ++i) {
    MutableBytesView slot = slots_.slot(i);
    vectors_[i] = {slot.data(), slot.size()};
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
    messages_[i].msg_hdr.msg_name = &names_[i];
    messages_[i].msg_hdr.msg_control = controls_[i].octets.data();
  }
}

size_t ReceiveBatch::receive(int fd, uint16_t local_port) {
  local_port_ = local_port;
  for (mmsghdr& message : messages_) {
    message.msg_hdr.msg_namelen = sizeof(SocketName);
    message.msg_hdr.msg_controllen = kControlSize;
    message.msg_hdr.msg_flags = 0;
  }
  int count = recvmmsg(fd, messages_.data(), kBatch, MSG_DONTWAIT, nullptr);
  return count < 0 ? 0 : static_cast<size_t>(count);
}

bool ReceiveBatch::read(size_t index, Packet& packet) {
  msghdr& header = messages_[index].msg_hdr;
  if ((header.msg_flags & MSG_TRUNC) != 0) return false;
  packet.payload = slots_.slot(index).first(messages_[index].msg_len);
  packet.remote = from_socket_name(names_[index]);
  packet.local = {packet.remote.address.is_v4() ? IpAddress::v4(0) : IpAddress::v6({}), local_port_};
  packet.tos = 0;
  packet.segment_size = 0;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
      packet.tos = *CMSG_DATA(c);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
      int value;
      std::memcpy(&value, CMSG_DATA(c), sizeof(value));
      packet.tos = static_cast<uint8_t>(value);
    } else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
      int value;
      std::memcpy(&value, CMSG_DATA(c), sizeof(value));
      packet.segment_size = static_cast<size_t>(std::max(value, 0));
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(c), sizeof(info));
      packet.local.address = from_in_addr(info.ipi_addr);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(c), sizeof(info));
      packet.local.address = from_in6_addr(info.ipi6_addr);
    }
  }
  return true;
}

}  // namespace hawser::dataplane
