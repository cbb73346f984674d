#include "sidecar/status/labels.h"

namespace hawser::status {

size_t exchange_index(wire::ExchangeType type) {
  for (size_t i = 0; i < kExchanges.size(); ++i) {
    if (kExchanges[i].type == type) return i;
  }
  return 0;
}

std::string_view exchange_name(wire::ExchangeType type) { return kExchanges[exchange_index(type)].name; }

size_t result_index(catalog::Reason fault) {
  size_t other = 0;
  for (size_t i = 0; i < catalog::kFaults.size(); ++i) {
    if (catalog::kFaults[i].reason == fault) return i + 1;
    if (catalog::kFaults[i].reason == catalog::Reason::NegotiationFailed) other = i + 1;
  }
  return other;
}

std::string_view result_label(size_t index) {
  return index == kResultOk ? std::string_view("ok") : catalog::kFaults[index - 1].label;
}

State state_of(catalog::Reason established_reason) {
  switch (established_reason) {
    case catalog::Reason::Established:
      return State::Established;
    case catalog::Reason::Connecting:
      return State::Connecting;
    case catalog::Reason::WaitingForPeer:
      return State::WaitingForPeer;
    default:
      return State::Down;
  }
}

}  // namespace hawser::status
