#include "sidecar/ike/convergence.h"

#include <algorithm>

#include "sidecar/ike/children.h"

namespace hawser::ike {
namespace {

constexpr Duration kInitiatorDeletes = std::chrono::seconds(30);
// What we last sent under an SA: a peer may come to our Delete before it comes to those packets.
constexpr Duration kLastPackets = std::chrono::seconds(1);

void drop_loser(Engine& engine, IkeSa& winner, IkeSa& loser) {
  if (loser.has_task(RequestKind::DeleteIke)) return;
  if (loser.lineage == sa::Role::Responder && loser.generation == winner.generation) {
    if (!loser.timers.get(SaTimer::Redundant))
      loser.timers.set(SaTimer::Redundant, engine.now + kInitiatorDeletes);
    return;
  }
  // Our answer to its IKE_AUTH may have been lost: deleting the loser now would leave the peer with nothing.
  if (!winner.confirmed) return queue_task(winner, {RequestKind::Liveness, {}, false});
  if (!loser.timers.get(SaTimer::Redundant)) loser.timers.set(SaTimer::Redundant, engine.now + kLastPackets);
}

}  // namespace

bool outlives(const IkeSa& a, const IkeSa& b) {
  if (a.generation != b.generation) return a.generation > b.generation;
  return a.lowest_nonce > b.lowest_nonce;
}

IkeSa* preferred_sa(Connection& connection) {
  IkeSa* best = nullptr;
  for (auto* sa : connection.sas)
    if (sa->usable() && (best == nullptr || outlives(*sa, *best))) best = sa;
  return best;
}

void converge(Engine& engine, Connection& connection) {
  IkeSa* winner = preferred_sa(connection);
  if (winner == nullptr || !has_live_child(*winner)) return;
  for (auto* sa : connection.sas)
    if (sa != winner && sa->usable()) drop_loser(engine, *winner, *sa);
}

void on_redundant(Engine& engine, IkeSa& sa) {
  const IkeSa* winner = preferred_sa(*sa.connection);
  if (winner == nullptr || winner == &sa || !sa.usable()) return;
  // Its Child SA may have gone since: then this one carries the packets, and converge() comes back to it.
  if (!has_live_child(*winner)) return;
  // One that has not been heard since is perhaps the dead one; liveness will say.
  if (!winner->confirmed || winner->last_heard + kInitiatorDeletes < engine.now) return;
  queue_task(sa, {RequestKind::DeleteIke, {}, false});
}

}  // namespace hawser::ike
