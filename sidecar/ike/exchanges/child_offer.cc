#include "sidecar/ike/exchanges/child_offer.h"

#include "sidecar/ike/failure.h"

namespace hawser::ike {
namespace {

using catalog::Reason;
using wire::NotifyType;

wire::ExchangeType exchange_type(ChildExchange exchange) {
  return exchange == ChildExchange::IkeAuth ? wire::ExchangeType::IkeAuth : wire::ExchangeType::CreateChildSa;
}

wire::TsPayload ts_payload(bool initiator, sa::TrafficSelectors selectors) {
  wire::TsPayload out;
  out.initiator = initiator;
  out.selectors = std::move(selectors);
  return out;
}

ChildRefusal selectors_refused(const Engine& engine, const wire::Message& message, wire::ExchangeType type) {
  Failure failure =
      make_failure(engine, Reason::TrafficSelectorMismatch, sa::Role::Responder, type,
                   "the peer proposes " + sa::to_string(message.find_ts(true)->selectors) + " to " +
                       sa::to_string(message.find_ts(false)->selectors) + ", of which nothing is ours");
  failure.notify = wire::to_string(NotifyType::TsUnacceptable);
  return {make_notify(NotifyType::TsUnacceptable), std::move(failure)};
}

Failure broken_answer(const Engine& engine, wire::ExchangeType type, std::string message) {
  return make_failure(engine, Reason::NegotiationFailed, sa::Role::Initiator, type, std::move(message));
}

}  // namespace

wire::SaPayload child_offer(const PeerConfig& config, sa::Spi inbound, ChildExchange exchange) {
  return {{make_esp_proposal(config.child_suite, inbound, exchange)}};
}

void append_selectors(std::vector<wire::Payload>& payloads, const PeerConfig& config) {
  payloads.emplace_back(ts_payload(true, offered_selectors(config)));
  payloads.emplace_back(ts_payload(false, offered_selectors(config)));
}

std::variant<ChildAnswer, ChildRefusal> answer_child_offer(Engine& engine, const IkeSa& sa,
                                                           const wire::Message& message,
                                                           ChildExchange exchange) {
  Connection& connection = *sa.connection;
  const auto type = exchange_type(exchange);
  auto choice = choose_esp(*message.find<wire::SaPayload>(), connection.config.child_suite, exchange);
  if (auto* mismatch = std::get_if<Mismatch>(&choice)) {
    Failure failure = refused_offer(engine, type, *mismatch);
    connection.peer_child = PeerOffer{engine.now, std::move(*mismatch)};
    return ChildRefusal{make_notify(NotifyType::NoProposalChosen), std::move(failure)};
  }
  const auto ours = offered_selectors(connection.config);
  auto remote = sa::narrow(ours, message.find_ts(true)->selectors);
  auto local = sa::narrow(ours, message.find_ts(false)->selectors);
  if (remote.empty() || local.empty()) return selectors_refused(engine, message, type);

  ChildAnswer out;
  auto& answer = std::get<Chosen>(choice).answer;
  out.child.outbound = sa::Spi{load_be32(answer.spi.data())};
  out.child.inbound = new_spi(engine);
  out.child.suite = connection.config.child_suite;
  out.child.exchange_role = sa::Role::Responder;
  store_be32(answer.spi.data(), out.child.inbound.value);
  out.payloads.emplace_back(wire::SaPayload{{std::move(answer)}});
  out.payloads.emplace_back(ts_payload(true, remote));
  out.payloads.emplace_back(ts_payload(false, local));
  out.child.remote_selectors = std::move(remote);
  out.child.local_selectors = std::move(local);
  return out;
}

std::variant<NewChild, Failure> read_child_answer(Engine& engine, const IkeSa& sa,
                                                  const wire::Message& message, const sa::ChildSuite& suite,
                                                  ChildExchange exchange) {
  const auto type = exchange_type(exchange);
  if (const auto* error = message.find_error()) {
    if (error->type == NotifyType::NoProposalChosen || error->type == NotifyType::InvalidKePayload)
      return refused_child_offer(engine, *sa.connection, type, *error, false);
    return failed_by_notify(engine, type, *error);
  }
  const auto* offer = message.find<wire::SaPayload>();
  const auto* ts_i = message.find_ts(true);
  const auto* ts_r = message.find_ts(false);
  if (offer == nullptr || ts_i == nullptr || ts_r == nullptr)
    return broken_answer(engine, type, "the peer's answer lacks the Child SA");
  auto spi = verify_esp_reply(*offer, suite, exchange);
  if (!spi) return broken_answer(engine, type, spi.error().message);
  const auto ours = offered_selectors(sa.connection->config);
  // RFC 7296 2.9: an answer that is wider than the question would widen our policy.
  if (!sa::is_subset(ts_i->selectors, ours) || !sa::is_subset(ts_r->selectors, ours)) {
    return make_failure(engine, Reason::TrafficSelectorMismatch, sa::Role::Initiator, type,
                        "the peer's traffic selectors are wider than ours");
  }
  NewChild child;
  child.outbound = *spi;
  child.suite = suite;
  child.exchange_role = sa::Role::Initiator;
  child.local_selectors = ts_i->selectors;
  child.remote_selectors = ts_r->selectors;
  return child;
}

}  // namespace hawser::ike
