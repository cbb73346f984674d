#pragma once

#include <memory>

#include "sidecar/crypto/transform.h"
#include "sidecar/esp/outcome.h"
#include "sidecar/esp/replay_window.h"
#include "sidecar/sa/child_sa_spec.h"

namespace hawser::esp {

enum class OpenError : uint8_t {
  Malformed,  // lengths, padding, next header or the inner header contradict each other
  Replay,     // seen before, or too old
  Integrity,  // the ICV is wrong
  Dummy,      // authentic and made to be dropped (RFC 4303 2.6): proof of life, not a fault
};

// The receiving half of a pair: tunnel mode, 32-bit sequence numbers. Belongs to one thread; the Context it
// was made from outlives it. Allocates nothing for a packet.
class InboundSa {
 public:
  static Result<InboundSa> create(const crypto::Context& context, const sa::ChildSuite& suite,
                                  const sa::ChildKeys& keys, sa::Spi spi);

  // Checks and decrypts in place; `packet` begins with the SPI (no outer IP, no UDP). The value is the inner
  // IP packet, a view into `packet`, cut to the length its header gives. Selectors and ECN are the caller's.
  // The window has moved when, and only when, the ICV was good: with Dummy, and with some of Malformed.
  Outcome<MutableBytesView, OpenError> open(MutableBytesView packet);

  sa::Spi spi() const { return spi_; }
  const ReplayWindow& window() const { return window_; }
  // Packets whose ICV was good; a change is proof of life.
  uint64_t authentic_packets() const { return authentic_packets_; }
  // Inner octets so far, for the lifetime.
  uint64_t octets() const { return octets_; }

 private:
  InboundSa(std::unique_ptr<crypto::Transform> transform, sa::Spi spi)
      : transform_(std::move(transform)), spi_(spi) {}

  std::unique_ptr<crypto::Transform> transform_;
  sa::Spi spi_;
  ReplayWindow window_;
  uint64_t authentic_packets_ = 0;
  uint64_t octets_ = 0;
};

}  // namespace hawser::esp
