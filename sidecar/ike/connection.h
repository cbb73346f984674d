#pragma once

#include <optional>
#include <vector>

#include "sidecar/ike/child_sa.h"
#include "sidecar/ike/ike_sa.h"
#include "sidecar/ike/proposal.h"

namespace hawser::ike {

struct Engine;

// In what the peer's own latest request differed from us: what an initiator is never told (contracts, section
// 4).
struct PeerOffer {
  TimePoint time;
  Mismatch mismatch;
};

// All that is known of one configured peer: its SAs, the attempts to get one, and what its status says.
struct Connection {
  PeerConfig config;
  uint64_t generation = 1;  // of the configuration: an IKE SA of an older one is replaced, never preferred

  std::vector<IkeSa*> sas;  // every state; the engine owns them
  std::vector<ChildSa> children;
  uint64_t next_order = 1;

  std::optional<sa::IkeSpi> attempt;  // the IKE SA that we are initiating
  int failures = 0;                   // in a row: back-off
  int child_failures = 0;
  TimePoint last_rekey;
  TimerTable<ConnectionTimer> timers;
  std::optional<TimePoint> scheduled;  // its place in Engine::schedule

  catalog::Reason reason = catalog::Reason::Connecting;
  std::string message;
  std::optional<Failure> last_failure;
  TimePoint worded;  // since when last_failure says it in these words; its time is that of the latest
  std::optional<Failure> unshown;  // the latest that anyone could have sent, while one is shown
  std::optional<PeerOffer> peer_ike, peer_child;

  ChildSa* find_child(sa::Spi inbound);
  // RFC 7296 1.3.3: a peer names a Child SA by the SPI that it receives on.
  ChildSa* find_child_by_outbound(sa::IkeSpi owner, sa::Spi outbound);
};

// An IKE SA and a Child SA that carries traffic both ways.
bool has_tunnel(const Connection& connection);

// StateChanged, if it is one.
void set_reason(Engine& engine, Connection& connection, catalog::Reason reason, std::string message);
// What the status says of a failure: makes it the reason when no tunnel is up. One that says the same as what
// is shown already changes only the time.
void show_failure(Engine& engine, Connection& connection, Failure failure);
// Records the failure and, when no tunnel is up, makes it the connection's reason.
void note_failure(Engine& engine, Connection& connection, Failure failure, Duration elapsed = {});
// The same for what nothing proves to be the peer's: shown at most once in a while, the first at once, then
// the latest. A sender of packets must not make the status change for each.
void note_unproved_failure(Engine& engine, Connection& connection, Failure failure);
void note_success(Engine& engine, Connection& connection, wire::ExchangeType exchange, sa::Role role,
                  Duration elapsed = {});

// Starts IKE_SA_INIT.
void start_attempt(Engine& engine, Connection& connection);
// The attempt came to nothing: back off, then try again.
void end_attempt(Engine& engine, Connection& connection, Failure failure);
void schedule_retry(Engine& engine, Connection& connection, Duration low, Duration high);
// The next try for a Child SA under an IKE SA that stands.
void schedule_child_retry(Engine& engine, Connection& connection, const IkeSa& sa);
void on_connection_timer(Engine& engine, Connection& connection, ConnectionTimer timer);

// Brings everything that follows from the state of the SAs in line with it: which one of several stays, which
// pair sends, whether an attempt or a Child SA is due, and what waits to be sent. Idempotent; runs after
// every input.
void settle(Engine& engine, Connection& connection);

}  // namespace hawser::ike
