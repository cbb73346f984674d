#include "operator/trust/authority.h"

#include <utility>

namespace hawser::trust {
namespace {

constexpr const char* kAuthorityName = "Hawser operator and sidecars";

Result<CertificateFacts> read_authority(const Identity& identity, const std::string& what) {
  auto wrong = [&](const std::string& why) { return Error{ErrorCode::InvalidArgument, what + " " + why}; };
  auto pair = check_pair(identity);
  if (!pair) return wrong(pair.error().message);
  auto facts = read_certificate(identity.certificate);
  if (!facts) return wrong(facts.error().message);
  if (!facts->authority) return wrong("is not a certificate authority");
  return facts;
}

// What an authority issues outside of its own time nobody takes. Before its time: it was made by a clock that
// was ahead.
bool in_its_time(const CertificateFacts& authority, WallTime now) {
  return now >= authority.not_before && now < authority.not_after;
}

// The one that issues now takes over from the one that did.
void take_over(AuthorityState& state, Identity fresh) {
  state.previous = std::move(state.current.certificate);
  state.current = std::move(fresh);
  state.next.reset();
}

// When an authority was made.
WallTime made(const CertificateFacts& authority) { return authority.not_before + kBackdate; }

// The last thing that `previous` issued is gone when the one after it has issued for a whole life.
Result<bool> drop_previous(AuthorityState& state, const CertificateFacts& current, WallTime now) {
  if (!state.previous || now < made(current) + kOverlap + kCertificateLife) return false;
  state.previous.reset();
  return true;
}

}  // namespace

AuthorityState AuthorityState::clone() const {
  AuthorityState copy{current.clone(), std::nullopt, previous};
  if (next) copy.next = next->clone();
  return copy;
}

Result<bool> advance(std::optional<AuthorityState>& state, WallTime now, Random& random) {
  if (!state) {
    ASSIGN_OR_RETURN(Identity first, make_authority(kAuthorityName, now, random));
    state = AuthorityState{std::move(first), std::nullopt, std::nullopt};
    return true;
  }
  ASSIGN_OR_RETURN(const CertificateFacts current, read_authority(state->current, "tls.crt"));
  const bool usable = in_its_time(current, now);
  if (!state->next) {
    if (!due(current, now)) return drop_previous(*state, current, now);
    ASSIGN_OR_RETURN(Identity fresh, make_authority(kAuthorityName, now, random));
    // Nothing is gained by waiting for one that issues nothing that anybody takes.
    usable ? void(state->next = std::move(fresh)) : take_over(*state, std::move(fresh));
    return true;
  }
  ASSIGN_OR_RETURN(const CertificateFacts next, read_authority(*state->next, "next.crt"));
  if (!in_its_time(next, now)) {
    ASSIGN_OR_RETURN(state->next, make_authority(kAuthorityName, now, random));
    return true;
  }
  if (now < made(next) + kOverlap && usable) return false;
  take_over(*state, *std::exchange(state->next, std::nullopt));
  return true;
}

std::string bundle(const AuthorityState& state) {
  std::string all;
  auto add = [&](const std::string& pem) { all += pem + (pem.ends_with('\n') ? "" : "\n"); };
  add(state.current.certificate);
  if (state.next) add(state.next->certificate);
  if (state.previous) add(*state.previous);
  return all;
}

Result<std::optional<Identity>> renew(const AuthorityState& state, const std::optional<Identity>& have,
                                      const Subject& subject, WallTime now, Random& random) {
  auto good = [&] {
    if (!have || !check_pair(*have)) return false;
    if (!check_issued(have->certificate, state.current.certificate, subject)) return false;
    const auto facts = read_certificate(have->certificate);
    return facts && !due(*facts, now);
  };
  if (good()) return std::optional<Identity>();
  ASSIGN_OR_RETURN(Identity fresh, issue(state.current, subject, now, random));
  return std::optional(std::move(fresh));
}

}  // namespace hawser::trust
