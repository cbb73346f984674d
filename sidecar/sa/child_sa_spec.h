#pragma once

#include <cstdint>
#include <optional>

#include "common/base/ip.h"
#include "common/base/secret.h"
#include "sidecar/sa/names.h"
#include "sidecar/sa/selectors.h"
#include "sidecar/sa/suite.h"

namespace hawser::sa {

// One direction's keys, cut from KEYMAT (RFC 7296 2.17).
struct ChildKeys {
  SecretBytes encryption;  // key followed by salt
  SecretBytes integrity;   // empty with an AEAD
};

// A pair of ESP SAs in tunnel mode: all a data plane needs to carry its packets. Move-only, for the keys.
struct ChildSaSpec {
  ConnectionName connection;
  Spi inbound_spi;   // ours; names the pair in every later action and event
  Spi outbound_spi;  // the peer's
  ChildSuite suite;
  ChildKeys inbound_keys;
  ChildKeys outbound_keys;
  Encapsulation encapsulation = Encapsulation::None;
  SocketAddress local;  // port is that of UDP encapsulation, 0 without
  SocketAddress remote;
  TrafficSelectors local_selectors;
  TrafficSelectors remote_selectors;
  // Inner octets a direction (contracts, section 3). The data plane reports the soft one once and drops at
  // the hard one.
  uint64_t soft_bytes = UINT64_MAX;
  uint64_t hard_bytes = UINT64_MAX;
  // False: receive at once, but send on the connection's previous pair until ActivateOutbound (RFC 7296 2.8).
  bool use_outbound = true;
};

}  // namespace hawser::sa
