#include "sidecar/dataplane/userspace/send_batch.h"

#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/base/check.h"

namespace hawser::dataplane {
namespace {

// Below the 65,507 octets of a datagram and 64 segments; kBatch is less than the latter.
constexpr size_t kMaxRunOctets = 65000;
static_assert(kBatch <= 64);

template <typename T>
void put_control(msghdr& header, size_t& used, int level, int type, const T& value) {
  auto* message = reinterpret_cast<cmsghdr*>(static_cast<char*>(header.msg_control) + used);
  message->cmsg_level = level;
  message->cmsg_type = type;
  message->cmsg_len = CMSG_LEN(sizeof(value));
  std::memcpy(CMSG_DATA(message), &value, sizeof(value));
  used += CMSG_SPACE(sizeof(value));
}

// Source address, TOS and, unless 0, the size of the datagrams a message is cut into. `header.msg_control`
// points at room for all three.
void write_control(const SendPath& path, uint8_t tos, uint16_t segment_size, msghdr& header) {
  size_t used = 0;
  int value = tos;
  bool v4 = path.remote.generic.sa_family == AF_INET;
  put_control(header, used, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS, value);
  if (segment_size != 0) put_control(header, used, SOL_UDP, UDP_SEGMENT, segment_size);
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

SendPath make_send_path(int fd, sa::Encapsulation encapsulation, const SocketAddress& local,
                        const SocketAddress& remote) {
  SendPath path;
  path.fd = fd;
  path.remote_size = to_socket_name(remote, path.remote);
  path.source = local.address;
  path.udp = encapsulation == sa::Encapsulation::Udp;
  return path;
}

SendBatch::SendBatch() {
  for (size_t i = 0; i < kBatch; ++i) messages_[i].msg_hdr.msg_control = controls_[i].octets.data();
}

void SendBatch::commit(const SendPath& path, MutableBytesView packet, uint8_t tos, size_t inner_size,
                       TunnelCounters& counters) {
  CHECK(count_ == 0 || entries_[0].path->fd == path.fd);
  vectors_[count_] = {packet.data(), packet.size()};
  entries_[count_] = {&path, &counters, inner_size, tos};
  if (++count_ == kBatch) flush();
}

size_t SendBatch::run_length(size_t first) const {
  const Entry& head = entries_[first];
  if (!head.path->udp) return 1;
  size_t size = vectors_[first].iov_len, total = size, length = 1;
  // All of one size, the last may be shorter.
  for (; first + length < count_ && vectors_[first + length - 1].iov_len == size; ++length) {
    const Entry& next = entries_[first + length];
    size_t next_size = vectors_[first + length].iov_len;
    total += next_size;
    if (next.path != head.path || next.tos != head.tos || next_size > size || total > kMaxRunOctets) break;
  }
  return length;
}

void SendBatch::write_message(size_t index, size_t first, size_t length) {
  const SendPath& path = *entries_[first].path;
  msghdr& header = messages_[index].msg_hdr;
  header.msg_name = const_cast<SocketName*>(&path.remote);
  header.msg_namelen = path.remote_size;
  header.msg_iov = &vectors_[first];
  header.msg_iovlen = length;
  write_control(path, entries_[first].tos, length > 1 ? static_cast<uint16_t>(vectors_[first].iov_len) : 0,
                header);
  first_entry_[index] = first;
}

void SendBatch::flush() {
  size_t messages = 0;
  for (size_t first = 0; first < count_; ++messages) {
    size_t length = run_length(first);
    write_message(messages, first, length);
    first += length;
  }
  size_t next = 0;
  while (next < messages) {
    int sent = sendmmsg(entries_[0].path->fd, &messages_[next], static_cast<unsigned>(messages - next),
                        MSG_DONTWAIT);
    for (size_t end = next + static_cast<size_t>(std::max(sent, 0)); next < end; ++next) count_sent(next);
    // The first of the rest was refused; the others get their chance.
    if (sent < 0 && errno != EINTR) handle_refusal(next++, errno);
  }
  count_ = 0;
}

void SendBatch::count_sent(size_t message) {
  for (size_t i = 0; i < messages_[message].msg_hdr.msg_iovlen; ++i) {
    const Entry& entry = entries_[first_entry_[message] + i];
    entry.counters->transmit_packets.add(1);
    entry.counters->transmit_bytes.add(entry.inner_size);
  }
}

void SendBatch::handle_refusal(size_t message, int error) {
  size_t first = first_entry_[message], length = messages_[message].msg_hdr.msg_iovlen;
  if (length == 1) {
    DropReason reason = error == EMSGSIZE ? DropReason::Mtu : DropReason::SendFailed;
    return entries_[first].counters->drop(sa::Direction::Outbound, reason);
  }
  // A run may be refused where its datagrams would pass: a path narrower than they are (they get fragmented),
  // a device that cannot cut. One by one then.
  for (size_t i = first; i < first + length; ++i) {
    write_message(message, i, 1);
    if (sendmsg(entries_[i].path->fd, &messages_[message].msg_hdr, MSG_DONTWAIT) >= 0)
      count_sent(message);
    else
      handle_refusal(message, errno);
  }
}

}  // namespace hawser::dataplane
