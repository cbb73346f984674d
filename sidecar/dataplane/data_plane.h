#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/ip.h"
#include "common/base/result.h"
#include "sidecar/sa/dataplane_action.h"

namespace hawser::dataplane {

enum class Kind : uint8_t { Kernel, UserSpace };
constexpr std::string_view to_string(Kind kind) { return kind == Kind::Kernel ? "Kernel" : "UserSpace"; }

// What a connection needs on the node whether or not it is up (contracts, section 6).
struct TunnelSpec {
  sa::ConnectionName connection;
  std::vector<IpPrefix> local_prefixes;   // inner destination of what is received must be in one of these
  std::vector<IpPrefix> remote_prefixes;  // routed into the interface; inner source of what is received
  uint32_t mtu = 1400;
  uint16_t tcp_mss = 1350;  // 0: do not clamp
  friend bool operator==(const TunnelSpec&, const TunnelSpec&) = default;
};

// clang-format off
// Why a packet was dropped: label `reason` of dropped_packets_total. A closed list.
enum class DropReason : uint8_t {
  NoSa, Integrity, Replay, SelectorMismatch, Malformed, Mtu, Expired, SequenceOverflow, SendFailed, Ecn, kCount,
};
inline constexpr std::array<std::string_view, static_cast<size_t>(DropReason::kCount)> kDropReasonLabels = {
    "no_sa", "integrity", "replay", "selector_mismatch", "malformed", "mtu", "expired", "sequence_overflow",
    "send_failed", "ecn",
};
// clang-format on

// Of one connection, from its configuration on: they go on across rekeys. Bytes and packets are inner ones.
struct Counters {
  uint64_t receive_bytes = 0, receive_packets = 0, transmit_bytes = 0, transmit_packets = 0;
  std::array<uint64_t, static_cast<size_t>(DropReason::kCount)> dropped_inbound{}, dropped_outbound{};
  WallTime last_receive{};  // epoch: never
};

struct Capabilities {
  Kind kind = Kind::UserSpace;
  bool udp_encapsulation = true;
  bool raw_esp = true;
};

// Carries packets. Two kinds: XFRM in the kernel, TUN in user space; tests/contract runs one suite over each.
//
// Owned by the agent, called from its loop thread only; an implementation may have threads of its own, whose
// results come back through poll_event. Call order: configure(connection), then install/activate/remove for
// its Child SAs, then unconfigure. No call blocks on a peer.
class DataPlane {
 public:
  virtual ~DataPlane() = default;
  virtual Capabilities capabilities() const = 0;

  // Makes (or changes in place, losing no packet) interface, routes and fail-closed routes. Idempotent.
  virtual Result<void> configure(const TunnelSpec& tunnel) = 0;
  // Removes all of it, Child SAs included. keep_fail_closed leaves the unreachable routes (SIGTERM;
  // prefixes that go over to another connection); a deleted Connection takes them away.
  virtual void unconfigure(const sa::ConnectionName& connection, bool keep_fail_closed) = 0;
  // Takes away what an earlier process left behind for connections that are not configured now: fail-closed
  // routes and interfaces. Call it only when every connection that shall exist is configured (a first whole
  // DesiredState without `hold` entries): until then the leftovers are what keeps packets from leaving in
  // clear.
  virtual Result<void> remove_leftovers() = 0;

  // REQUIRES: the connection is configured. A failure leaves what was installed before as it was.
  virtual Result<void> install(sa::ChildSaSpec spec) = 0;
  virtual Result<void> activate_outbound(const sa::ConnectionName& connection, sa::Spi inbound_spi) = 0;
  virtual void remove(const sa::ConnectionName& connection, sa::Spi inbound_spi) = 0;
  virtual Result<void> update_endpoint(const sa::ConnectionName& connection, sa::Spi inbound_spi,
                                       const SocketAddress& local, const SocketAddress& remote) = 0;

  // Nothing for a connection that is not configured.
  virtual std::optional<Counters> counters(const sa::ConnectionName& connection) const = 0;
  // Inbound ESP that matched no SA, hence no connection.
  virtual uint64_t unknown_spi_packets() const = 0;

  // Readable when poll_event has something; owned by the data plane. -1: poll after each call.
  virtual int event_fd() const = 0;
  virtual std::optional<sa::DataPlaneEvent> poll_event() = 0;
};

}  // namespace hawser::dataplane
