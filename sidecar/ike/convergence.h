#pragma once

#include "sidecar/ike/engine.h"

namespace hawser::ike {

// Two ends that start together may both become initiator, and two IKE SAs stand where one is wanted. RFC 7296
// has no rule for it; ours is that of its rekey collisions (2.8.1): of the four nonces, the exchange with the
// lowest loses, and who began it deletes it. Both ends come to the same verdict from what both know.
//
// An IKE SA of an older configuration loses against one of the current, and we delete it whoever began it.

// True when `a` stays rather than `b`.
bool outlives(const IkeSa& a, const IkeSa& b);
// The one that stays; null when none is established.
IkeSa* preferred_sa(Connection& connection);
// Deletes what is redundant, but only after the one that stays has a Child SA that the peer is known to have.
void converge(Engine& engine, Connection& connection);
// The loser's initiator did not delete it in time.
void on_redundant(Engine& engine, IkeSa& sa);

}  // namespace hawser::ike
