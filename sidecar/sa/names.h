#pragma once

#include <cstdint>
#include <string>

#include "common/base/strong_id.h"

namespace hawser::sa {

using IkeSpi = StrongId<struct IkeSpiTag, uint64_t>;  // 8 octets (RFC 7296 3.1)
using Spi = StrongId<struct SpiTag, uint32_t>;        // of ESP; 1..255 are reserved (RFC 4303 2.1)

// "namespace/name" of a Connection: the handle by which every part of the sidecar knows it.
using ConnectionName = std::string;

enum class Role : uint8_t { Initiator, Responder };
enum class Encapsulation : uint8_t { None, Udp };  // raw protocol 50, or RFC 3948
enum class Direction : uint8_t { Inbound, Outbound };

constexpr const char* to_string(Role role) { return role == Role::Initiator ? "initiator" : "responder"; }
constexpr const char* to_string(Encapsulation e) { return e == Encapsulation::Udp ? "UDP" : "None"; }

}  // namespace hawser::sa
