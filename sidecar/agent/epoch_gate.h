#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/result.h"

namespace hawser::agent {

using StreamId = uint64_t;  // rises with each stream that opens

// Which operator stream is in force (contracts, section 5). The highest epoch is kept in memory only: after a
// restart of the sidecar any operator may begin.
class EpochGate {
 public:
  struct Admission {
    Result<void> admitted;
    std::optional<StreamId> replaced;  // the stream that ends now
    std::string replaced_because;
    bool replaced_by_higher = false;
  };
  // A stream's Hello. PermissionDenied: a higher epoch is in force; the message names it.
  Admission hello(StreamId stream, uint64_t epoch);
  // Whether a DesiredState of that stream is to be applied.
  Result<void> admits(StreamId stream, uint64_t epoch, uint64_t generation);
  void closed(StreamId stream);

  std::optional<StreamId> current() const { return current_; }
  uint64_t highest_epoch() const { return epoch_; }

 private:
  std::optional<StreamId> current_;
  uint64_t epoch_ = 0;
  uint64_t generation_ = 0;  // of the current stream
};

}  // namespace hawser::agent
