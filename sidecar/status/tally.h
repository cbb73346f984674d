#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "sidecar/ike/event.h"
#include "sidecar/status/labels.h"

namespace hawser::status {

// Upper bounds in seconds; from one round trip in a rack to a peer that answers at the last retransmission.
inline constexpr std::array<double, 11> kHandshakeBounds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                            0.5,   1,    2.5,   5,    10};

struct Histogram {
  std::array<uint64_t, kHandshakeBounds.size()> cumulative{};  // le: bound of the same index
  uint64_t count = 0;
  double sum = 0;
  void observe(Duration elapsed);
  friend bool operator==(const Histogram&, const Histogram&) = default;
};

// Counts of one connection since it was configured; they only go up.
struct Tally {
  std::array<std::array<std::array<uint64_t, kResultCount>, 2>, kExchangeCount>
      negotiations{};  // exchange, role, result
  std::array<std::array<std::array<uint64_t, 2>, 2>, 2>
      rekeys{};  // ike or child, local or peer, ok or failed
  uint64_t retransmits = 0;
  Histogram handshakes;
  friend bool operator==(const Tally&, const Tally&) = default;
};

// Folds the engine's events into a tally for each connection. Events of connections that nobody configured (a
// race with their removal) are dropped. Single-threaded.
class Ledger {
 public:
  void open(const sa::ConnectionName& connection) { tallies_.try_emplace(connection); }
  void close(const sa::ConnectionName& connection) { tallies_.erase(connection); }
  void fold(const ike::Event& event);
  const std::map<sa::ConnectionName, Tally>& tallies() const { return tallies_; }

 private:
  Tally* find(const sa::ConnectionName& connection);
  std::map<sa::ConnectionName, Tally> tallies_;
};

}  // namespace hawser::status
