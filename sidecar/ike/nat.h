#pragma once

#include "common/base/ip.h"
#include "sidecar/ike/event.h"
#include "sidecar/wire/message.h"

// NAT detection (RFC 7296 2.23). Pure.
namespace hawser::ike {

// SHA-1(SPIi | SPIr | address | port), exactly as in the header of the message that carries it.
Bytes nat_detection_hash(sa::IkeSpi spi_i, sa::IkeSpi spi_r, const SocketAddress& address);

struct NatFinding {
  bool supported = false;  // the peer sent both kinds of payload
  Nat nat = Nat::None;
};

// What the payloads of a received message say. `local` and `remote` are the addresses it arrived at and came
// from.
NatFinding detect_nat(const wire::Message& message, const SocketAddress& local, const SocketAddress& remote);

// The two payloads of our own message. `hide_source` announces a NAT that is not there, so that the peer
// encapsulates.
void append_nat_detection(std::vector<wire::Payload>& payloads, sa::IkeSpi spi_i, sa::IkeSpi spi_r,
                          const SocketAddress& local, const SocketAddress& remote, bool hide_source);

inline bool has_local(Nat nat) { return nat == Nat::Local || nat == Nat::Both; }
inline bool has_remote(Nat nat) { return nat == Nat::Remote || nat == Nat::Both; }

}  // namespace hawser::ike
