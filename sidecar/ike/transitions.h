#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sidecar/ike/engine.h"

namespace hawser::ike {

// Payloads as bits, for the table. Notifies count only where one of them makes another message of it.
enum PayloadBit : uint32_t {
  kSa = 1 << 0,
  kKe = 1 << 1,
  kNonce = 1 << 2,
  kIdi = 1 << 3,
  kIdr = 1 << 4,
  kAuth = 1 << 5,
  kTsi = 1 << 6,
  kTsr = 1 << 7,
  kDelete = 1 << 8,
  kRekeySa = 1 << 9,
  kError = 1 << 10,
  kCookie = 1 << 11,
  kNotify = 1 << 12,
};
uint32_t payload_bits(const wire::Message& message);

using Handler = void (*)(Engine& engine, IkeSa& sa, const Received& received);
constexpr uint32_t state_bit(SaState state) { return 1u << static_cast<uint32_t>(state); }

// One row: in this state, such a message goes to this handler and leaves the SA in one of those states. What
// has no row is refused (RFC 7296 2.21): see refuse_* in receive.cc.
struct Transition {
  SaState from;
  wire::ExchangeType exchange;
  bool response;
  uint32_t required;  // all of these
  uint32_t optional;  // acted upon when there; anything else is ignored
  std::string_view name;
  Handler handler;
  uint32_t next;  // state_bits
};

std::span<const Transition> transitions();

// The first row that fits. Null: `known` says whether there is a row for this state, exchange and direction
// at all, so that only payloads are missing.
const Transition* find_transition(SaState state, wire::ExchangeType exchange, bool response, uint32_t present,
                                  bool* known);

// The whole matrix as text: the golden file and the README.
std::string print_transitions();

}  // namespace hawser::ike
