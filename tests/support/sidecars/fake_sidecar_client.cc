#include "tests/support/sidecars/fake_sidecar_client.h"

#include <utility>

namespace hawser::testing {

FakeSidecarClient::FakeSidecarClient(std::string name, sidecars::SyncSession::Identity identity)
    : session_(std::move(name), std::move(identity),
               sidecars::Backoff({}, std::make_shared<SeededJitter>(1))) {}

void FakeSidecarClient::set_desired(sidecars::Desired desired) {
  session_.set_desired(std::move(desired));
  pump();
}

void FakeSidecarClient::connect(const v1::Hello& hello) {
  session_.handle_open(TimePoint{});
  pump();
  v1::SidecarMessage message;
  *message.mutable_hello() = hello;
  say(message);
}

void FakeSidecarClient::say(const v1::SidecarMessage& message) {
  session_.handle_message(TimePoint{}, message);
  pump();
}

void FakeSidecarClient::disconnect(const std::string& why) {
  session_.handle_closed(TimePoint{}, false, why);
}
void FakeSidecarClient::refuse(const std::string& why) { session_.handle_closed(TimePoint{}, true, why); }

void FakeSidecarClient::pump() {
  while (auto message = session_.poll_transmit()) received_.push_back(*message);
}

}  // namespace hawser::testing
