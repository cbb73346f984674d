#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/random.h"
#include "operator/kube/client.h"

namespace hawser::kube {

// Who leads, by a coordination.k8s.io/v1 Lease, as client-go's leader election: clocks of other machines are
// never compared, only how long the record has not changed. Belongs to the client's thread; give it a client
// of its own, so that a slow list does not cost the lease.
class LeaseElection {
 public:
  struct Options {
    std::string namespace_;
    std::string name;
    std::string identity;
    Duration lease = std::chrono::seconds(15);
    Duration renew_deadline = std::chrono::seconds(10);
    Duration retry = std::chrono::seconds(2);
  };
  enum class State : uint8_t {
    Standby,  // somebody else leads, or nobody knows yet
    Leading,
    Lost,  // led and could not renew in time, or found another holder: for ever; the process must end
  };
  LeaseElection(Client& client, Options options, Jitter& jitter);
  ~LeaseElection();
  void step(TimePoint now, WallTime wall);
  std::optional<TimePoint> next_deadline() const;
  State state() const;
  // resourceVersion of the Lease when it was acquired (contracts, section 5). REQUIRES: Leading.
  uint64_t epoch() const;
  // When it must have renewed at the latest; a leader that wakes up after it must do nothing more.
  TimePoint valid_until() const;
  std::string holder() const;   // as last seen
  std::string trouble() const;  // why it cannot renew or read; empty: it can
  // Gives the Lease back, so that another leads at once; step until released().
  void release(TimePoint now, WallTime wall);
  bool released() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hawser::kube
