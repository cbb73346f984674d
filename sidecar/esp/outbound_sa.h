#pragma once

#include <memory>

#include "sidecar/crypto/transform.h"
#include "sidecar/esp/outcome.h"
#include "sidecar/sa/child_sa_spec.h"

namespace hawser::esp {

enum class SealError : uint8_t {
  Malformed,         // the inner packet is neither IPv4 nor IPv6
  NoRoom,            // the buffer is smaller than sealed_size
  SequenceOverflow,  // 2^32 - 1 packets were sent: the SA is used up (RFC 4303 3.3.3)
};

// The sending half of a pair: tunnel mode, 32-bit sequence numbers. Makes ESP packets; sends nothing.
// Belongs to one thread; the Context it was made from outlives it. Allocates nothing for a packet.
class OutboundSa {
 public:
  static Result<OutboundSa> create(const crypto::Context& context, const sa::ChildSuite& suite,
                                   const sa::ChildKeys& keys, sa::Spi spi);

  // Octets the ESP packet of an inner packet has, without outer IP and UDP.
  size_t sealed_size(size_t inner_size) const;
  // The largest inner packet whose ESP packet has at most this size; 0 when there is none.
  size_t max_inner_size(size_t sealed_size) const;
  // Where the inner packet lies in the ESP packet.
  size_t inner_offset() const;

  // Writes the ESP packet to the beginning of `out` and gives its octets, a view of `out`. `inner` may lie in
  // `out` at inner_offset(): then nothing is copied. On an error nothing is sent and no sequence number is
  // used.
  Outcome<MutableBytesView, SealError> seal(BytesView inner, MutableBytesView out, Random& random);

  sa::Spi spi() const { return spi_; }
  // Of the last packet; 0 before the first.
  uint32_t sequence() const { return sequence_; }
  // Inner octets so far, for the lifetime.
  uint64_t octets() const { return octets_; }
  // For tests: the next packet gets `sequence` + 1. REQUIRES: not less than sequence(), or a nonce would
  // repeat.
  void skip_to(uint32_t sequence);

 private:
  OutboundSa(std::unique_ptr<crypto::Transform> transform, sa::Spi spi)
      : transform_(std::move(transform)), spi_(spi) {}

  std::unique_ptr<crypto::Transform> transform_;
  sa::Spi spi_;
  uint32_t sequence_ = 0;
  uint64_t octets_ = 0;
};

}  // namespace hawser::esp
