// The worker's way in: socket -> ESP -> checks -> TUN.
#include <unistd.h>

#include <algorithm>

#include "sidecar/dataplane/userspace/worker.h"
#include "sidecar/esp/inner_header.h"
#include "sidecar/esp/mss.h"

namespace hawser::dataplane {
namespace {

// Then the other descriptors get their turn; epoll comes back at once.
constexpr int kMaxBatches = 8;
constexpr size_t kMarkerSize = 4;  // RFC 3948 2.2
constexpr uint8_t kKeepalive = 0xff;

}  // namespace

void Worker::drain_nat(const WorkerSockets::Nat& socket) {
  for (int i = 0; i < kMaxBatches; ++i) {
    size_t count = receive_batch_.receive(socket.fd, socket.port);
    ReceiveBatch::Packet packet;
    for (size_t j = 0; j < count; ++j)
      if (receive_batch_.read(j, packet)) receive_datagrams(packet);
    if (count < kBatch) return;
  }
}

void Worker::receive_datagrams(const ReceiveBatch::Packet& packet) {
  size_t size = packet.segment_size == 0 ? packet.payload.size() : packet.segment_size;
  for (MutableBytesView rest = packet.payload; !rest.empty();) {
    MutableBytesView payload = rest.first(std::min(size, rest.size()));
    rest = rest.subspan(payload.size());
    if (payload.size() == 1 && payload[0] == kKeepalive) continue;  // RFC 3948 2.3
    if (payload.size() < kMarkerSize) continue;
    if (load_be32(payload.data()) != 0) {
      receive_esp(payload, packet.tos);
    } else {
      Bytes ike(payload.begin() + kMarkerSize, payload.end());
      parts_.mailbox->post(UdpDatagram{packet.local, packet.remote, std::move(ike)});
    }
  }
}

void Worker::drain_esp(int fd, IpVersion version) {
  for (int i = 0; i < kMaxBatches; ++i) {
    size_t count = receive_batch_.receive(fd, 0);
    ReceiveBatch::Packet packet;
    for (size_t j = 0; j < count; ++j) {
      if (!receive_batch_.read(j, packet)) continue;
      MutableBytesView bytes = packet.payload;
      // raw(7): IPv4 sockets deliver the IP header, IPv6 sockets do not.
      if (version == IpVersion::V4) {
        size_t header = bytes.empty() ? 0 : size_t{4} * (bytes[0] & 15);
        if (header < 20 || header > bytes.size()) continue;
        bytes = bytes.subspan(header);
      }
      receive_esp(bytes, packet.tos);
    }
    if (count < kBatch) return;
  }
}

void Worker::receive_esp(MutableBytesView esp, uint8_t tos) {
  if (esp.size() < kMarkerSize) return unknown_spi_packets_.add(1);
  const sa::Spi spi(load_be32(esp.data()));
  auto entry = pairs_.find(spi);
  if (entry != pairs_.end()) return open(entry->second, esp, tos);
  unknown_spi_packets_.add(1);
  early_.keep(spi, esp, tos, now_);
}

void Worker::open(const PairEntry& entry, MutableBytesView esp, uint8_t tos) {
  SaPair& pair = *entry.pair;
  Tunnel& tunnel = *entry.tunnel;
  SaPair::Opened opened = pair.open(esp, tos);
  if (opened.authentic) {
    tunnel.counters->last_receive.set(static_cast<uint64_t>(wall_now_.time_since_epoch().count()));
    if (pair.first_inbound_due()) parts_.mailbox->post(sa::FirstInboundPacket{pair.inbound_spi()});
    if (pair.inbound_activity_due(now_)) parts_.mailbox->post(sa::InboundActivity{pair.inbound_spi()});
  }
  if (opened.drop) return tunnel.counters->drop(sa::Direction::Inbound, *opened.drop);
  if (!opened.inner.empty()) deliver(tunnel, pair, opened.inner);
}

void Worker::deliver(Tunnel& tunnel, SaPair& pair, MutableBytesView inner) {
  auto drop = [&](DropReason reason) { tunnel.counters->drop(sa::Direction::Inbound, reason); };
  auto header = esp::InnerHeader::parse(inner);
  if (!header) return drop(DropReason::Malformed);
  // RFC 4301 5.2 step 4, and the connection's own prefixes whatever was negotiated.
  if (!tunnel.filter.allows_inbound(*header) || !pair.filter.allows_inbound(*header))
    return drop(DropReason::SelectorMismatch);
  if (!pair.inbound_lifetime.spend(inner.size())) {
    drop(DropReason::Expired);
    return report_lifetime(pair);
  }
  if (is_tcp_syn(*header, inner)) esp::clamp_tcp_mss(inner, tunnel.tcp_mss, tunnel.mtu);
  ssize_t written = write(tunnel.interface.get(), inner.data(), inner.size());
  if (written != static_cast<ssize_t>(inner.size())) return drop(DropReason::SendFailed);
  tunnel.counters->receive_packets.add(1);
  tunnel.counters->receive_bytes.add(inner.size());
  report_lifetime(pair);
}

}  // namespace hawser::dataplane
