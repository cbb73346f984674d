// The worker's way out: TUN -> checks -> ESP -> socket.
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>

#include "sidecar/dataplane/userspace/icmp_unreachable.h"
#include "sidecar/dataplane/userspace/worker.h"
#include "sidecar/esp/inner_header.h"
#include "sidecar/esp/mss.h"

namespace hawser::dataplane {
namespace {

// Then the other descriptors get their turn; epoll comes back at once.
constexpr int kMaxPackets = 256;
constexpr uint32_t kIcmpPerSecond = 50;

}  // namespace

void Worker::drain_tunnel(uint32_t number) {
  auto found = tunnels_.find(number);
  if (found == tunnels_.end()) return;  // removed since epoll reported it
  Tunnel& tunnel = *found->second;
  SaPair* pair = tunnel.outbound();
  // Read to where ESP wants it: sealing then copies nothing.
  size_t offset = pair != nullptr ? pair->inner_offset() : 0;
  CHECK(offset <= kHeadroom);
  for (int i = 0; i < kMaxPackets; ++i) {
    MutableBytesView slot = send_batch_.next_slot();
    ssize_t size = read(tunnel.interface.get(), &slot[offset], kMaxPacket);
    if (size < 0 && errno == EINTR) continue;
    // Somebody deleted the interface: it would be reported for ever. configure() makes it anew.
    if (size == 0 || (size < 0 && errno != EAGAIN))
      epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, tunnel.interface.get(), nullptr);
    if (size <= 0) break;
    send(tunnel, pair, slot, slot.subspan(offset, static_cast<size_t>(size)));
  }
  send_batch_.flush();
}

void Worker::send(Tunnel& tunnel, SaPair* pair, MutableBytesView slot, MutableBytesView inner) {
  auto drop = [&](DropReason reason) { tunnel.counters->drop(sa::Direction::Outbound, reason); };
  auto header = esp::InnerHeader::parse(inner);
  if (!header) return drop(DropReason::Malformed);
  if (pair == nullptr) {
    drop(DropReason::NoSa);
    return refuse(tunnel, *header, inner);
  }
  if (!pair->filter.allows_outbound(*header)) {  // RFC 4301 5.1
    drop(DropReason::SelectorMismatch);
    return refuse(tunnel, *header, inner);
  }
  if (pair->expired() || !pair->outbound_lifetime.spend(header->total_length)) {
    drop(DropReason::Expired);
    return report_lifetime(*pair);
  }
  if (is_tcp_syn(*header, inner)) esp::clamp_tcp_mss(inner, tunnel.tcp_mss, tunnel.mtu);
  SaPair::Sealed sealed = pair->seal(slot, header->total_length, random_);
  if (sealed.drop) {
    drop(*sealed.drop);
  } else {
    send_batch_.commit(pair->path, sealed.packet, sealed.outer_tos, header->total_length, *tunnel.counters);
    if (pair->outbound_activity_due(now_)) parts_.mailbox->post(sa::OutboundActivity{pair->inbound_spi()});
  }
  report_lifetime(*pair);
}

// Tells the sender at once instead of letting it wait, as the fail-closed route does while there is no
// interface.
void Worker::refuse(Tunnel& tunnel, const esp::InnerHeader& header, BytesView packet) {
  if (now_ - tunnel.icmp_second >= std::chrono::seconds(1)) {
    tunnel.icmp_second = now_;
    tunnel.icmp_budget = kIcmpPerSecond;
  }
  if (tunnel.icmp_budget == 0) return;
  std::array<uint8_t, kMaxIcmpUnreachable> answer;
  size_t size = write_icmp_unreachable(header, packet, answer);
  if (size == 0) return;
  --tunnel.icmp_budget;
  // Best effort: an ICMP error may be lost.
  [[maybe_unused]] ssize_t written = write(tunnel.interface.get(), answer.data(), size);
}

}  // namespace hawser::dataplane
