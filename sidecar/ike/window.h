#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "common/base/bytes.h"

namespace hawser::ike {

// The two message id counters of an IKE SA with a window of one (RFC 7296 2.2, 2.3), and the one answer that
// is kept to be sent again (2.1). Changed only by messages that were authenticated.
class MessageIdWindow {
 public:
  enum class Verdict : uint8_t { Fresh, Repeated, Outside };

  // After the counters' last value the SA is of no more use (2.2); it has been rekeyed long before.
  bool exhausted() const { return next_request_ == UINT32_MAX || expected_ == UINT32_MAX; }
  uint32_t next_request() const { return next_request_; }
  uint32_t take_request_id() { return next_request_++; }

  Verdict judge_request(uint32_t message_id) const {
    if (message_id == expected_) return Verdict::Fresh;
    return expected_ > 0 && message_id == expected_ - 1 ? Verdict::Repeated : Verdict::Outside;
  }
  // A retransmission is bit-identical, so it can be told without opening it.
  bool same_as_last(BytesView request) const { return std::ranges::equal(request, last_request_); }
  const Bytes& last_response() const { return last_response_; }
  void answered(Bytes request, Bytes response) {
    last_request_ = std::move(request);
    last_response_ = std::move(response);
    ++expected_;
  }

 private:
  uint32_t next_request_ = 0;
  uint32_t expected_ = 0;
  Bytes last_request_, last_response_;
};

}  // namespace hawser::ike
