#include "sidecar/status/tally.h"

namespace hawser::status {

void Histogram::observe(Duration elapsed) {
  const double seconds = std::chrono::duration<double>(elapsed).count();
  for (size_t i = 0; i < kHandshakeBounds.size(); ++i) {
    if (seconds <= kHandshakeBounds[i]) ++cumulative[i];
  }
  ++count;
  sum += seconds;
}

Tally* Ledger::find(const sa::ConnectionName& connection) {
  auto found = tallies_.find(connection);
  return found == tallies_.end() ? nullptr : &found->second;
}

void Ledger::fold(const ike::Event& event) {
  if (const auto* finished = std::get_if<ike::NegotiationFinished>(&event)) {
    Tally* tally = find(finished->connection);
    if (tally == nullptr) return;
    const size_t result = finished->failure ? result_index(finished->failure->reason) : kResultOk;
    ++tally->negotiations[exchange_index(finished->exchange)][role_index(finished->role)][result];
  } else if (const auto* rekeyed = std::get_if<ike::Rekeyed>(&event)) {
    Tally* tally = find(rekeyed->connection);
    if (tally == nullptr) return;
    ++tally->rekeys[rekeyed->ike ? 0 : 1][role_index(rekeyed->role)][rekeyed->ok ? 0 : 1];
  } else if (const auto* retransmitted = std::get_if<ike::Retransmitted>(&event)) {
    if (Tally* tally = find(retransmitted->connection)) ++tally->retransmits;
  } else if (const auto* handshake = std::get_if<ike::HandshakeCompleted>(&event)) {
    if (Tally* tally = find(handshake->connection)) tally->handshakes.observe(handshake->elapsed);
  }
}

}  // namespace hawser::status
