#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "common/base/clock.h"

namespace hawser::ike {

// Deadlines of an IKE SA.
enum class SaTimer : uint8_t {
  Retransmit,  // the request in flight goes out again, or is given up
  Expire,  // half-open: no IKE_AUTH came; closed: retransmissions are no longer answered; replaced: no Delete
           // came
  ErrorGrace,    // an unprotected error was the only answer to IKE_SA_INIT so far (RFC 7296 2.21.1)
  Liveness,      // nothing heard for a third of dpd_timeout: probe; for all of it: dead
  Rekey,         // soft lifetime, or another try
  HardLifetime,  // not used beyond this
  NatKeepalive,  // RFC 3948 4
  Redundant,     // another SA has taken its place: we delete it now, or its initiator should have by now
  kCount,
};

enum class ChildTimer : uint8_t {
  Rekey,         // soft lifetime, or another try
  HardLifetime,  // not used beyond this
  Remove,        // lingering inbound SA goes
  kCount,
};

enum class ConnectionTimer : uint8_t {
  Unreachable,  // no answer to IKE_SA_INIT for unreachable_after
  Retry,        // next attempt at an IKE SA
  ChildRetry,   // next attempt at a Child SA under an IKE SA that stands
  Unproved,     // until then no further failure is shown that anyone could have sent
  kCount,
};

// One optional deadline for each value of an enum that ends with kCount.
template <typename Timer>
class TimerTable {
 public:
  void set(Timer timer, TimePoint when) { at(timer) = when; }
  void clear(Timer timer) { at(timer).reset(); }
  void clear_all() { deadlines_ = {}; }
  std::optional<TimePoint> get(Timer timer) const { return deadlines_[static_cast<size_t>(timer)]; }

  // The first timer that is due, in the enum's order; it is cleared.
  std::optional<Timer> take_due(TimePoint now) {
    for (size_t i = 0; i < deadlines_.size(); ++i) {
      if (!deadlines_[i] || *deadlines_[i] > now) continue;
      deadlines_[i].reset();
      return static_cast<Timer>(i);
    }
    return std::nullopt;
  }
  std::optional<TimePoint> next() const {
    std::optional<TimePoint> first;
    for (const auto& deadline : deadlines_)
      if (deadline && (!first || *deadline < *first)) first = deadline;
    return first;
  }

 private:
  std::optional<TimePoint>& at(Timer timer) { return deadlines_[static_cast<size_t>(timer)]; }
  std::array<std::optional<TimePoint>, static_cast<size_t>(Timer::kCount)> deadlines_{};
};

}  // namespace hawser::ike
