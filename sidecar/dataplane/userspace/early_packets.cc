#include "sidecar/dataplane/userspace/early_packets.h"

#include <utility>

namespace hawser::dataplane {

void EarlyPackets::drop_oldest() {
  octets_ -= packets_.front().esp.size();
  packets_.pop_front();
}

void EarlyPackets::keep(sa::Spi spi, BytesView esp, uint8_t tos, TimePoint now) {
  if (esp.size() > kMaxOctets) return;
  while (!packets_.empty() && (packets_.size() == kMaxPackets || octets_ + esp.size() > kMaxOctets ||
                               now - packets_.front().since > kMaxAge))
    drop_oldest();
  packets_.push_back({spi, Bytes(esp.begin(), esp.end()), tos, now});
  octets_ += esp.size();
}

std::vector<EarlyPackets::Packet> EarlyPackets::take(sa::Spi spi, TimePoint now) {
  std::vector<Packet> taken;
  std::deque<Packet> others;
  for (Packet& packet : packets_) {
    if (packet.spi != spi) {
      others.push_back(std::move(packet));
    } else {
      octets_ -= packet.esp.size();
      if (now - packet.since <= kMaxAge) taken.push_back(std::move(packet));
    }
  }
  packets_ = std::move(others);
  return taken;
}

}  // namespace hawser::dataplane
