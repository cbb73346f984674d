#pragma once

#include <functional>
#include <map>
#include <optional>
#include <variant>

#include "common/base/ip.h"
#include "sidecar/sa/names.h"
#include "tests/sim/dice.h"

namespace hawser::sim {

inline constexpr uint16_t kIkePort = 500;
inline constexpr uint16_t kNatPort = 4500;

// A virtual ESP packet. Instead of ciphertext it carries the keys it was sealed with: the receiver can open
// it exactly when its own are the same.
struct EspPacket {
  sa::Spi spi;
  sa::Encapsulation encapsulation{};
  std::string suite;
  Bytes keys;
  uint64_t number = 0;
  size_t inner_octets = 0;
};

struct Packet {
  SocketAddress from, to;                  // port 0: protocol 50
  std::variant<Bytes, EspPacket> content;  // an IKE message, or ESP

  const Bytes* ike() const { return std::get_if<Bytes>(&content); }
  const EspPacket* esp() const { return std::get_if<EspPacket>(&content); }
};

// How the wire treats a packet. Loss and duplication hit IKE only, so that each lost ESP packet is somebody's
// fault; a latency that varies reorders both.
struct Path {
  Duration latency_low = std::chrono::milliseconds(10);
  Duration latency_high = std::chrono::milliseconds(10);
  double loss = 0;
  double duplicate = 0;
};

// A router that hides one host behind its own address. Forwarded ports keep their number and let the other
// side begin.
struct NatBox {
  IpAddress outside;
  bool forward_ports = false;
  uint16_t next_port = 40000;
  std::map<SocketAddress, uint16_t> ports;  // inside -> outside port
};

// A wire with a virtual clock: packets go in at one moment and come out at a later one. Owns what is under
// way.
class SimNetwork {
 public:
  explicit SimNetwork(uint64_t seed) : dice_(seed) {}

  Path path;
  // Asked for each packet as its sender sees it; true drops it.
  std::function<bool(const Packet&)> drop;

  void put_behind_nat(const IpAddress& inside, NatBox box) {
    boxes_.insert_or_assign(inside, std::move(box));
  }
  // All mappings are forgotten, as by a restart of the router: later packets come from other ports.
  void forget_nat_mappings();

  void send(TimePoint now, Packet packet);
  std::optional<TimePoint> next_arrival() const;
  // The next packet that has arrived by `now`, addressed to the inside of a NAT where there is one.
  std::optional<Packet> poll(TimePoint now);
  bool ike_under_way() const;
  uint64_t dropped() const { return dropped_; }

 private:
  bool translate_source(Packet& packet);
  bool translate_destination(Packet& packet);

  Dice dice_;
  std::map<IpAddress, NatBox> boxes_;  // by the inside address
  std::map<std::pair<TimePoint, uint64_t>, Packet> under_way_;
  uint64_t order_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace hawser::sim
