#include "sidecar/ike/failure.h"

namespace hawser::ike {
namespace {

using catalog::Reason;
using wire::NotifyType;

constexpr Duration kPeerOfferAge = std::chrono::minutes(10);
constexpr const char* kUnknown = "unknown";

bool about_ike(const Mismatch& mismatch) {
  return mismatch.attribute.starts_with("ike") || mismatch.attribute == "dhGroup";
}

std::string sentence(const Mismatch& mismatch) {
  if (mismatch.attribute.empty() && mismatch.ours.empty())
    return "the peer's request holds no usable proposal";
  std::string what = mismatch.attribute.empty() ? "" : mismatch.attribute + " ";
  return "the peer offers " + what + mismatch.theirs + ", this connection requires " + mismatch.ours;
}

// What the peer itself asked for lately tells what its refusal does not.
void explain_from(Failure& failure, const Engine& engine, const std::optional<PeerOffer>& offer) {
  if (!offer || engine.now - offer->time > kPeerOfferAge || offer->mismatch.attribute.empty()) return;
  failure.attribute = offer->mismatch.attribute;
  failure.offered = offer->mismatch.ours;
  failure.peer_offered = offer->mismatch.theirs;
  failure.message += "; its own latest request offers " + failure.attribute + " " + failure.peer_offered;
}

}  // namespace

Failure make_failure(const Engine& engine, Reason reason, sa::Role role, wire::ExchangeType exchange,
                     std::string message) {
  Failure out;
  out.reason = reason;
  out.time = engine.now;
  out.role = role;
  out.exchange = exchange;
  out.message = std::move(message);
  return out;
}

Failure refused_offer(const Engine& engine, wire::ExchangeType exchange, const Mismatch& mismatch) {
  Reason reason = Reason::ChildProposalMismatch;
  if (exchange == wire::ExchangeType::IkeSaInit || about_ike(mismatch)) reason = Reason::IkeProposalMismatch;
  if (mismatch.attribute == "pfsGroup") reason = Reason::PfsMismatch;
  Failure out = make_failure(engine, reason, sa::Role::Responder, exchange, sentence(mismatch));
  out.attribute = mismatch.attribute;
  out.offered = mismatch.ours;
  out.peer_offered = mismatch.theirs;
  out.notify = wire::to_string(NotifyType::NoProposalChosen);
  return out;
}

std::optional<uint16_t> invalid_ke_group(const wire::NotifyPayload& notify) {
  if (notify.type != NotifyType::InvalidKePayload || notify.data.size() != 2) return std::nullopt;
  return load_be16(notify.data.data());
}

Failure refused_ike_offer(const Engine& engine, const Connection& connection, wire::ExchangeType exchange,
                          const wire::NotifyPayload& notify) {
  const auto& suite = connection.config.ike_suite;
  Failure out = make_failure(engine, Reason::IkeProposalMismatch, sa::Role::Initiator, exchange, "");
  out.notify = wire::to_string(notify.type);
  out.peer_offered = kUnknown;
  if (auto group = invalid_ke_group(notify)) {
    out.attribute = "dhGroup";
    out.offered = suite.group->name;
    out.peer_offered = dh_group_name(*group);
    out.message = "the peer wants dhGroup " + out.peer_offered + ", this connection requires " + out.offered;
    return out;
  }
  out.offered = describe(suite);
  out.message = "the peer refused " + out.offered + " (ikeEncryption/ikeIntegrity/dhGroup)";
  explain_from(out, engine, connection.peer_ike);
  return out;
}

Failure refused_child_offer(const Engine& engine, const Connection& connection, wire::ExchangeType exchange,
                            const wire::NotifyPayload& notify, bool pfs_is_new) {
  const auto& suite = connection.config.child_suite;
  Failure out = make_failure(engine, Reason::ChildProposalMismatch, sa::Role::Initiator, exchange, "");
  out.notify = wire::to_string(notify.type);
  out.offered = describe(suite);
  out.peer_offered = kUnknown;
  if (auto group = invalid_ke_group(notify)) {
    out.reason = Reason::PfsMismatch;
    out.attribute = "pfsGroup";
    out.offered = suite.pfs_name();
    out.peer_offered = pfs_group_name(*group);
    out.message = "the peer wants pfsGroup " + out.peer_offered + ", this connection requires " + out.offered;
    return out;
  }
  if (pfs_is_new) {
    // Encryption and integrity were agreed on before; the group is the only thing that is asked for the first
    // time.
    out.reason = Reason::PfsMismatch;
    out.attribute = "pfsGroup";
    out.offered = suite.pfs_name();
    out.message = "the peer refused to rekey with pfsGroup " + out.offered;
  } else {
    out.message = "the peer refused " + out.offered + " (ipsecEncryption/ipsecIntegrity/pfsGroup)";
  }
  explain_from(out, engine, connection.peer_child);
  if (out.attribute == "pfsGroup") out.reason = Reason::PfsMismatch;
  return out;
}

Failure failed_by_notify(const Engine& engine, wire::ExchangeType exchange,
                         const wire::NotifyPayload& notify) {
  Reason reason = Reason::NegotiationFailed;
  std::string text = "the peer answered " + wire::to_string(notify.type);
  if (notify.type == NotifyType::AuthenticationFailed) {
    reason = Reason::AuthenticationFailed;
    text = "the peer refused our authentication: shared key or identity differ";
  } else if (notify.type == NotifyType::TsUnacceptable || notify.type == NotifyType::SinglePairRequired) {
    reason = Reason::TrafficSelectorMismatch;
    text = "the peer refused the traffic selectors";
  }
  Failure out = make_failure(engine, reason, sa::Role::Initiator, exchange, std::move(text));
  out.notify = wire::to_string(notify.type);
  return out;
}

}  // namespace hawser::ike
