#pragma once

#include <array>
#include <atomic>

#include "sidecar/dataplane/data_plane.h"

namespace hawser::dataplane {

// A number one thread writes and others read: a plain load and store for the writer, no locked instruction.
class Counter {
 public:
  void add(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_ = 0;
};

// The counters of a connection. Written by the worker alone, read by the loop thread.
class TunnelCounters {
 public:
  Counter receive_bytes, receive_packets, transmit_bytes, transmit_packets;
  Counter last_receive;  // WallTime's count; 0: never

  void drop(sa::Direction direction, DropReason reason) {
    auto& table = direction == sa::Direction::Inbound ? dropped_inbound_ : dropped_outbound_;
    table[static_cast<size_t>(reason)].add(1);
  }
  Counters read() const;

 private:
  using Table = std::array<Counter, static_cast<size_t>(DropReason::kCount)>;
  Table dropped_inbound_, dropped_outbound_;
};

inline Counters TunnelCounters::read() const {
  Counters out;
  out.receive_bytes = receive_bytes.get();
  out.receive_packets = receive_packets.get();
  out.transmit_bytes = transmit_bytes.get();
  out.transmit_packets = transmit_packets.get();
  for (size_t i = 0; i < dropped_inbound_.size(); ++i) {
    out.dropped_inbound[i] = dropped_inbound_[i].get();
    out.dropped_outbound[i] = dropped_outbound_[i].get();
  }
  out.last_receive = WallTime(Duration(static_cast<int64_t>(last_receive.get())));
  return out;
}

}  // namespace hawser::dataplane
