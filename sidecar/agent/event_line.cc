#include "sidecar/agent/event_line.h"

#include "sidecar/status/labels.h"

namespace hawser::agent {
namespace {

std::string milliseconds(Duration elapsed) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count()) + " ms";
}

struct Describe {
  std::optional<LogLine> operator()(const ike::StateChanged& e) const {
    const bool fault = catalog::find_fault(e.reason) != nullptr;
    std::string text = e.connection + ": " + std::string(catalog::name(e.reason));
    if (!e.message.empty()) text += ": " + e.message;
    return LogLine{fault ? LogLevel::Warning : LogLevel::Info, std::move(text)};
  }
  std::optional<LogLine> operator()(const ike::NegotiationFinished& e) const {
    std::string text =
        e.connection + ": " + std::string(status::exchange_name(e.exchange)) + " as " + sa::to_string(e.role);
    if (!e.failure) return LogLine{LogLevel::Debug, text + " done"};
    const auto& failure = *e.failure;
    text += " failed: " + std::string(catalog::name(failure.reason));
    if (!failure.attribute.empty()) {
      text += ", " + failure.attribute + " ours " + failure.offered + " peer's " + failure.peer_offered;
    }
    if (!failure.notify.empty()) text += ", " + failure.notify;
    if (!failure.message.empty()) text += ": " + failure.message;
    return LogLine{e.unshown ? LogLevel::Debug : LogLevel::Warning, std::move(text)};
  }
  std::optional<LogLine> operator()(const ike::Rekeyed& e) const {
    return LogLine{e.ok ? LogLevel::Info : LogLevel::Warning,
                   e.connection + ": " + (e.ike ? "IKE SA" : "Child SA") + " rekey begun by " +
                       (e.role == sa::Role::Initiator ? "us" : "the peer") + (e.ok ? " done" : " failed")};
  }
  std::optional<LogLine> operator()(const ike::Retransmitted& e) const {
    return LogLine{LogLevel::Debug, e.connection + ": retransmitted"};
  }
  std::optional<LogLine> operator()(const ike::HandshakeCompleted& e) const {
    return LogLine{LogLevel::Info, e.connection + ": handshake as " + sa::to_string(e.role) + " took " +
                                       milliseconds(e.elapsed)};
  }
  std::optional<LogLine> operator()(const ike::IkeKeysDerived&) const { return std::nullopt; }
};

}  // namespace

std::optional<LogLine> describe(const ike::Event& event) { return std::visit(Describe{}, event); }

}  // namespace hawser::agent
