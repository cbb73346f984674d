#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "common/base/random.h"
#include "common/base/result.h"
#include "sidecar/crypto/context.h"
#include "sidecar/ike/config.h"
#include "sidecar/ike/event.h"
#include "sidecar/sa/dataplane_action.h"

namespace hawser::ike {

// A UDP datagram without the non-ESP marker (the driver adds and strips it on the NAT port, RFC 7296 2.23). A
// payload of the one octet 0xFF is a NAT keepalive and goes out as it is, without a marker (RFC 3948 2.3).
struct Datagram {
  SocketAddress local;  // address may be unspecified on sending: the route decides
  SocketAddress remote;
  Bytes payload;
};

// How a change of configuration acts on a tunnel that is up.
enum class Impact : uint8_t {
  None,          // nothing the engine needs to act on (timers, mode, selectors of routes)
  RekeyChild,    // ESP suite or lifetimes
  ReplaceIkeSa,  // key, identity, IKE suite: negotiate anew
  Recreate,      // addresses: tear down, start again
};

// The IKEv2 engine of a node: all connections, initiator and responder (RFC 7296). Sans-IO: no socket, clock,
// thread or global random in it. The same seed and the same calls give the same bytes.
//
// Owned and called by one thread. Four kinds of calls:
//   what the world did        handle_datagram, handle_timeout, handle_dataplane
//   what we want              apply, remove, rekey_child, rekey_ike, restart, shutdown
//   what must now be done     poll_transmit, poll_action, poll_event, next_timeout: after each call of the
//   first two
//                             kinds, drain all of them (actions before transmits: a Child SA is installed
//                             before the message that lets the peer use it leaves)
//   look                      snapshot
// `now` never goes backwards.
class Endpoint {
 public:
  // The references outlive the endpoint.
  Endpoint(EndpointConfig config, const crypto::Context& context, Random& random, Jitter& jitter);
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  void handle_datagram(TimePoint now, const Datagram& datagram);
  void handle_timeout(TimePoint now);
  void handle_dataplane(TimePoint now, const sa::DataPlaneEvent& event);

  // Adds a connection (and initiates, unless ResponderOnly) or changes it with the given impact.
  // AlreadyExists when another connection has the same remote address (and local address).
  Result<void> apply(TimePoint now, PeerConfig config, Impact impact);
  // Deletes the SAs, tells the peer once, forgets the connection.
  void remove(TimePoint now, const sa::ConnectionName& name);
  // NotFound: no such connection. Unavailable: nothing established, or an exchange is under way.
  Result<void> rekey_child(TimePoint now, const sa::ConnectionName& name);
  Result<void> rekey_ike(TimePoint now, const sa::ConnectionName& name);
  Result<void> restart(TimePoint now, const sa::ConnectionName& name);
  // Delete to every peer, all at once; no new negotiation from here on. idle() when the answers are in.
  void shutdown(TimePoint now);
  bool idle() const;

  std::optional<Datagram> poll_transmit();
  std::optional<sa::DataPlaneAction> poll_action();
  std::optional<Event> poll_event();
  std::optional<TimePoint> next_timeout() const;

  std::vector<ConnectionView> snapshot() const;
  // Datagrams that were dropped: malformed, unknown SPI, wrong ICV, old message id.
  uint64_t dropped_datagrams() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hawser::ike
