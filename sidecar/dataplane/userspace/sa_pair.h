#pragma once

#include <memory>
#include <optional>

#include "sidecar/crypto/context.h"
#include "sidecar/dataplane/data_plane.h"
#include "sidecar/dataplane/userspace/address_filter.h"
#include "sidecar/dataplane/userspace/lifetime.h"
#include "sidecar/dataplane/userspace/send_batch.h"
#include "sidecar/esp/inbound_sa.h"
#include "sidecar/esp/outbound_sa.h"

namespace hawser::dataplane {

// Two ESP SAs that IKE negotiated together, and what they may and did carry. Worker thread only; keys are
// wiped with it.
class SaPair {
 public:
  // InvalidArgument: keys that do not fit the suite, a reserved SPI. The context outlives the pair.
  static Result<std::unique_ptr<SaPair>> create(const crypto::Context& context, const sa::ChildSaSpec& spec,
                                                const SendPath& path);

  sa::Spi inbound_spi() const { return inbound_.spi(); }
  sa::Encapsulation encapsulation() const { return encapsulation_; }

  struct Opened {
    MutableBytesView inner;  // empty: nothing to deliver
    bool authentic = false;  // the ICV was good
    std::optional<DropReason> drop;
  };
  // ESP from the SPI on, decrypted in place; `outer_tos` of the packet that carried it.
  Opened open(MutableBytesView esp, uint8_t outer_tos);

  struct Sealed {
    MutableBytesView packet;  // a part of `slot`
    uint8_t outer_tos = 0;
    std::optional<DropReason> drop;
  };
  // The inner packet lies in `slot` at inner_offset().
  Sealed seal(MutableBytesView slot, size_t inner_size, Random& random);
  size_t inner_offset() const { return outbound_.inner_offset(); }

  // Used up: nothing passes any more, in either direction.
  bool expired() const { return inbound_lifetime.expired() || outbound_lifetime.expired(); }

  // Each is true when it is to be reported now: once a pair, or once a second.
  bool first_inbound_due();
  bool inbound_activity_due(TimePoint now) { return due(last_inbound_, now); }
  bool outbound_activity_due(TimePoint now) { return due(last_outbound_, now); }
  bool soft_lifetime_due();
  bool hard_lifetime_due();

  PacketFilter filter;  // the negotiated selectors
  SendPath path;
  Lifetime inbound_lifetime;
  Lifetime outbound_lifetime;
  uint64_t activation = 0;  // the higher, the later; 0: never (Tunnel::outbound)

 private:
  SaPair(const sa::ChildSaSpec& spec, const SendPath& path, esp::InboundSa inbound, esp::OutboundSa outbound);
  static bool due(std::optional<TimePoint>& last, TimePoint now);

  esp::InboundSa inbound_;
  esp::OutboundSa outbound_;
  sa::Encapsulation encapsulation_;
  bool sequence_exhausted_ = false;
  bool first_inbound_reported_ = false;
  bool soft_reported_ = false;
  bool hard_reported_ = false;
  std::optional<TimePoint> last_inbound_;
  std::optional<TimePoint> last_outbound_;
};

}  // namespace hawser::dataplane
