#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "sidecar/crypto/key_exchange.h"
#include "sidecar/ike/endpoint.h"
#include "sidecar/ike/keymat.h"
#include "sidecar/ike/protect.h"
#include "sidecar/ike/timers.h"
#include "sidecar/ike/window.h"

namespace hawser::ike {

struct Connection;

// Where an IKE SA stands. What is under way on an established one is its request in flight, not a state.
enum class SaState : uint8_t {
  Idle,           // there is no SA yet
  SaInitSent,     // initiator: IKE_SA_INIT request is out
  SaInitReplied,  // responder: half-open
  AuthSent,       // initiator: IKE_AUTH request is out
  Established,
  Rekeyed,   // responder of its rekey: replaced, waits for the Delete (RFC 7296 2.8)
  Deleting,  // our Delete is out
  Closed,    // keys are gone; only repeats its last answer, for a while
  kCount,
};
std::string_view to_string(SaState state);

// What an own request is about.
enum class RequestKind : uint8_t {
  IkeSaInit,
  IkeAuth,
  NewChild,
  RekeyChild,
  RekeyIke,
  DeleteChild,
  DiscardChild,
  DeleteIke,
  Liveness,
};

// A request to be sent when the window is free.
struct Task {
  RequestKind kind{};
  sa::Spi child;  // RekeyChild, DeleteChild: its inbound SPI; DiscardChild: of one that we never installed
  bool authentication_failed = false;  // DeleteIke: say why (RFC 7296 2.21.2)
  friend bool operator==(const Task&, const Task&) = default;
};

// The one own request that waits for its answer (window of one), and what making its SA needs.
struct Request {
  Task task;
  wire::ExchangeType exchange{};
  uint32_t message_id = 0;
  Bytes bytes;  // sent again exactly as they are (RFC 7296 2.1)
  TimePoint first_sent;
  Duration interval{};

  std::unique_ptr<crypto::KeyExchange> key_exchange;
  Bytes nonce;
  sa::Spi child_spi;   // our inbound SPI of the Child SA to be
  sa::IkeSpi ike_spi;  // ours of the IKE SA to be
  sa::ChildSuite child_suite;
  sa::IkeSuite ike_suite;
  // The peer rekeyed the same Child SA meanwhile: its new SA's inbound SPI and the lower of its nonces (RFC
  // 7296 2.8.1).
  struct Collision {
    sa::Spi child;
    Bytes lowest_nonce;
  };
  std::optional<Collision> collision;
  // Outbound SPIs that the peer deleted before its answer, which makes them, reached us.
  std::vector<sa::Spi> deleted_early;
};

// What only the first two exchanges need; forgotten (and wiped) after them.
struct FirstExchange {
  Bytes own_init, peer_init;  // IKE_SA_INIT messages as they went under AUTH (RFC 7296 2.15)
  Bytes nonce_i, nonce_r;
  TimePoint began;
  std::optional<wire::NotifyPayload> cookie;
  int cookie_rounds = 0;
  std::optional<Failure> soft_error;  // unprotected error: the outcome unless something better comes
};

// An IKE SA (RFC 7296 2.2 to 2.8). A struct of small parts; the exchanges work on it.
struct IkeSa {
  Connection* connection = nullptr;  // outlives it
  uint64_t generation = 0;           // of the configuration it was negotiated under
  SaState state = SaState::Idle;
  sa::Role role{};     // as original initiator: flips with who rekeys it (RFC 7296 1.3.2)
  sa::Role lineage{};  // role in the first exchange, kept across rekeys: decides who deletes a crossed SA
  sa::IkeSpi local_spi, peer_spi;
  sa::IkeSuite suite;
  SocketAddress local, remote;
  bool nat_supported = false;
  Nat nat = Nat::None;
  bool encapsulate = false;

  IkeKeys keys;
  std::optional<Protection> protection;
  MessageIdWindow window;
  std::optional<Request> request;
  std::deque<Task> tasks;
  TimerTable<SaTimer> timers;

  std::optional<FirstExchange> first;
  Bytes init_request,
      init_response;   // responder: a repeated IKE_SA_INIT is told by the whole packet (RFC 7296 2.1)
  Bytes lowest_nonce;  // of the first exchange, kept across rekeys
  TimePoint began, established, last_heard;
  bool confirmed = false;  // the peer is known to hold this SA too
  // What CREATE_CHILD_SA can still differ in: the suite of the last Child SA, and whether one was made there
  // (PFS).
  std::optional<sa::ChildSuite> agreed_suite;
  bool agreed_group = false;

  sa::IkeSpi initiator_spi() const { return role == sa::Role::Initiator ? local_spi : peer_spi; }
  sa::IkeSpi responder_spi() const { return role == sa::Role::Initiator ? peer_spi : local_spi; }
  bool usable() const { return state == SaState::Established; }
  bool has_task(RequestKind kind) const {
    for (const auto& task : tasks)
      if (task.kind == kind) return true;
    return request && request->task.kind == kind;
  }
};

}  // namespace hawser::ike
