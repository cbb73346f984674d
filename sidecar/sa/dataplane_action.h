#pragma once

#include <variant>

#include "common/base/bytes.h"
#include "common/base/ip.h"
#include "sidecar/sa/child_sa_spec.h"

namespace hawser::sa {

// What the IKE engine asks of the data plane; performed in order. None of them fails silently: a failure
// comes back as InstallFailed.
struct InstallChildSa {
  ChildSaSpec spec;
};
// From now on the connection sends on this pair (responder of a rekey: the old pair's Delete or a valid
// packet on the new pair arrived).
struct ActivateOutbound {
  ConnectionName connection;
  Spi inbound_spi;
};
// Both directions stop and the keys are wiped. A connection left without a pair sends nothing (never in
// clear).
struct RemoveChildSa {
  ConnectionName connection;
  Spi inbound_spi;
};
// The peer's address or port changed in an authenticated packet (RFC 7296 2.23).
struct UpdateEndpoint {
  ConnectionName connection;
  Spi inbound_spi;
  SocketAddress local;
  SocketAddress remote;
};
using DataPlaneAction = std::variant<InstallChildSa, ActivateOutbound, RemoveChildSa, UpdateEndpoint>;

// What the data plane tells the engine.
struct FirstInboundPacket {  // once a pair: the first packet whose ICV was good
  Spi inbound_spi;
};
struct InboundActivity {  // ICV was good; at most one a second a pair. Proof of life (RFC 7296 2.4)
  Spi inbound_spi;
};
struct OutboundActivity {  // something was sent; at most one a second a pair (keepalive and liveness need it)
  Spi inbound_spi;
};
struct SoftLifetimeReached {  // octets, or half of the sequence numbers
  Spi inbound_spi;
};
struct HardLifetimeReached {  // nothing passes any more
  Spi inbound_spi;
};
struct InstallFailed {
  Spi inbound_spi;
  std::string message;
};
using DataPlaneEvent = std::variant<FirstInboundPacket, InboundActivity, OutboundActivity,
                                    SoftLifetimeReached, HardLifetimeReached, InstallFailed>;

}  // namespace hawser::sa
