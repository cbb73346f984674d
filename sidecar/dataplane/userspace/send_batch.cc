#include "sidecar/dataplane/userspace/send_batch.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/base/check.h"

namespace hawser::dataplane {
namespace {

template <typename T>
void put_control(msghdr& header, size_t& used, int level, int type, const T& value) {
  auto* message = reinterpret_cast<cmsghdr*>(static_cast<char*>(header.msg_control) + used);
  message->cmsg_level = level;
  message->cmsg_type = type;
  message->cmsg_len = CMSG_LEN(sizeof(value));
  std::memcpy(CMSG_DATA(message), &value, sizeof(value));
  used += CMSG_SPACE(sizeof(value));
}

// Source address and TOS. `header.msg_control` points at room for both.
void write_control(const SendPath& path, uint8_t tos, msghdr& header) {
  size_t used = 0;
  int value = tos;
  bool v4 = path.remote.generic.sa_family == AF_INET;
  put_control(header, used, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS, value);
  if (!path.source.is_unspecified()) {
    BytesView octets = path.source.octets();
    if (v4) {
      in_pktinfo info{};
      std::memcpy(&info.ipi_spec_dst, octets.data(), octets.size());
      put_control(header, used, IPPROTO_IP, IP_PKTINFO, info);
    } else {
      in6_pktinfo info{};
      std::memcpy(&info.ipi6_addr, octets.data(), octets.size());
      put_control(header, used, IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
  }
  header.msg_controllen = used;
}

}  // namespace

SendPath make_send_path(int fd, const SocketAddress& local, const SocketAddress& remote) {
  SendPath path;
  path.fd = fd;
  path.remote_size = to_socket_name(remote, path.remote);
  path.source = local.address;
  return path;
}

SendBatch::SendBatch() {
  for (size_t i = 0; i < kBatch; ++i) {
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
    messages_[i].msg_hdr.msg_control = controls_[i].octets.data();
  }
}

void SendBatch::commit(const SendPath& path, MutableBytesView packet, uint8_t tos, size_t inner_size,
                       TunnelCounters& counters) {
  CHECK(count_ == 0 || fd_ == path.fd);
  fd_ = path.fd;
  msghdr& header = messages_[count_].msg_hdr;
  vectors_[count_] = {packet.data(), packet.size()};
  header.msg_name = const_cast<SocketName*>(&path.remote);
  header.msg_namelen = path.remote_size;
  write_control(path, tos, header);
  counters_[count_] = &counters;
  inner_sizes_[count_] = inner_size;
  if (++count_ == kBatch) flush();
}

void SendBatch::flush() {
  size_t next = 0;
  while (next < count_) {
    int sent = sendmmsg(fd_, &messages_[next], static_cast<unsigned>(count_ - next), MSG_DONTWAIT);
    for (size_t end = next + static_cast<size_t>(std::max(sent, 0)); next < end; ++next) {
      counters_[next]->transmit_packets.add(1);
      counters_[next]->transmit_bytes.add(inner_sizes_[next]);
    }
    if (sent > 0) continue;
    if (errno == EINTR) continue;
    // The first of them was refused (no route, no buffers, too long): it is lost, the others get their
    // chance.
    counters_[next]->drop(sa::Direction::Outbound,
                          errno == EMSGSIZE ? DropReason::Mtu : DropReason::SendFailed);
    ++next;
  }
  count_ = 0;
}

}  // namespace hawser::dataplane
