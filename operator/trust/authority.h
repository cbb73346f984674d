#pragma once

#include <optional>
#include <string>

#include "operator/trust/certificates.h"

namespace hawser::trust {

// What the certificates of the two programs say, and each demands of the other.
inline const Subject kSidecar{"sidecar.hawser.dev", Use::Server};
inline const Subject kOperator{"operator.hawser.dev", Use::Client};

// A new authority is trusted for so long before it issues anything: by then the kubelets have brought the
// new bundle to every sidecar.
inline constexpr Duration kOverlap = std::chrono::hours(24);

// The authority and its change, as the Secret hawser-ca holds it.
struct AuthorityState {
  Identity current;                     // issues
  std::optional<Identity> next;         // is trusted already and issues nothing yet
  std::optional<std::string> previous;  // certificate: still trusted while something it issued may be alive
  AuthorityState clone() const;
};

// Makes the first authority, and takes the next step of a change when it is time for one. True: the state
// is another now, and must be stored before anything uses it. InvalidArgument: what stands there is no
// authority; it is left as it is, because nobody but its owner can say whether it may be replaced.
Result<bool> advance(std::optional<AuthorityState>& state, WallTime now, Random& random);

// What both sides trust: current, next and previous, each PEM.
std::string bundle(const AuthorityState& state);

// A new identity where `have` cannot be used, or not for long: unreadable, of another authority, of another
// name, two thirds of its life over. nullopt: `have` is good.
Result<std::optional<Identity>> renew(const AuthorityState& state, const std::optional<Identity>& have,
                                      const Subject& subject, WallTime now, Random& random);

}  // namespace hawser::trust
