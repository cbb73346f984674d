#pragma once

#include "sidecar/ike/timers.h"
#include "sidecar/sa/child_sa_spec.h"

namespace hawser::ike {

enum class ChildState : uint8_t {
  Installed,
  Rekeyed,    // the peer replaced it; its Delete is still to come
  Deleting,   // our Delete is queued or out
  Lingering,  // deleted on both sides; its inbound lives on for packets under way (RFC 7296 2.8)
};

// A pair of ESP SAs that is in the data plane. Owned by its connection; belongs to an IKE SA, and moves to
// the next one when that is rekeyed.
struct ChildSa {
  sa::Spi inbound, outbound;
  sa::IkeSpi owner;  // local SPI of the IKE SA; none when lingering
  sa::ChildSuite suite;
  const catalog::GroupRow* exchanged_group = nullptr;
  sa::Encapsulation encapsulation{};
  sa::TrafficSelectors local_selectors, remote_selectors;
  ChildState state = ChildState::Installed;
  bool confirmed = false;       // the peer is known to receive on it: Delete of the old pair, or a packet
  bool answer_seen = false;     // as responder: a later request shows that our answer arrived (window of one)
  bool confirm_by_ike = false;  // made in IKE_AUTH: any later message on the IKE SA confirms it
  sa::Spi successor;            // Rekeyed: the inbound SPI of what replaced it
  bool redundant = false;       // lost a collision: never preferred
  bool outbound_active = false;
  uint64_t order = 0;  // of installation in this connection
  TimePoint installed;
  int rekey_failures = 0;
  TimerTable<ChildTimer> timers;
};

}  // namespace hawser::ike
