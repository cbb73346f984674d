#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "sidecar/dataplane/data_plane.h"
#include "sidecar/dataplane/node/unique_fd.h"

namespace hawser::crypto {
class Context;
}

namespace hawser::dataplane {

class NodeNetwork;

// A datagram of the NAT port that is not ESP: an IKE message, non-ESP marker stripped (RFC 7296 2.23, RFC
// 3948 2.2).
struct UdpDatagram {
  SocketAddress local;  // as the packet had it, so that the answer leaves from the same address
  SocketAddress remote;
  Bytes payload;
};

// ESP in this process: a TUN interface a connection, UDP sockets of the NAT port, raw sockets for protocol
// 50, and one worker thread that owns all SAs and moves all packets.
//
// Threads: every method belongs to the owner's loop thread. A call that changes something is carried out by
// the worker before it returns: a Child SA that install() accepted receives from then on. Destroying the
// plane stops the worker; interfaces vanish, fail-closed routes stay.
class UserSpaceDataPlane final : public DataPlane {
 public:
  struct Options {
    // UDP sockets bound to the NAT port, marked 0x20; -1: none. Borrowed: they outlive the plane, which alone
    // reads them (poll_ike_datagram has what is not ESP) and sets the options it needs: IP_PKTINFO,
    // IP_RECVTOS, no DF, buffer sizes, O_NONBLOCK. The owner may send on them at any time, with the marker in
    // front.
    int nat_socket_v4 = -1;
    int nat_socket_v6 = -1;  // IPV6_V6ONLY
    // Open raw sockets for ESP without UDP; needs NET_RAW.
    bool raw_esp = true;
    // Makes the worker's own crypto context; null: crypto::Context::system().
    std::function<Result<std::unique_ptr<crypto::Context>>()> make_context;
    // The clock for activity and counters; null: the system's. Outlives the plane.
    const Clock* clock = nullptr;
    // Routes and interface settings; null: this network namespace by netlink. Tests pass a fake.
    std::unique_ptr<NodeNetwork> network;
    // Makes the interface of that name, a descriptor that reads and writes one inner packet a call,
    // non-blocking; null: TUN.
    std::function<Result<UniqueFd>(const std::string& interface)> open_interface;

    Options();
    Options(Options&&) noexcept;
    Options& operator=(Options&&) noexcept;
    ~Options();
  };
  // Unsupported: no TUN or no raw sockets here. InvalidArgument: a socket without the mark (it could route
  // into a tunnel of its own).
  static Result<std::unique_ptr<UserSpaceDataPlane>> create(Options options);
  ~UserSpaceDataPlane() override;

  Capabilities capabilities() const override;
  Result<void> configure(const TunnelSpec& tunnel) override;
  void unconfigure(const sa::ConnectionName& connection, bool keep_fail_closed) override;
  Result<void> remove_leftovers() override;
  Result<void> install(sa::ChildSaSpec spec) override;
  Result<void> activate_outbound(const sa::ConnectionName& connection, sa::Spi inbound_spi) override;
  void remove(const sa::ConnectionName& connection, sa::Spi inbound_spi) override;
  Result<void> update_endpoint(const sa::ConnectionName& connection, sa::Spi inbound_spi,
                               const SocketAddress& local, const SocketAddress& remote) override;
  std::optional<Counters> counters(const sa::ConnectionName& connection) const override;
  uint64_t unknown_spi_packets() const override;
  // Readable when poll_event or poll_ike_datagram has something: drain both.
  int event_fd() const override;
  std::optional<sa::DataPlaneEvent> poll_event() override;

  // IKE messages that came in on the NAT port, in order. At most 1,024 wait; more are dropped, IKE
  // retransmits.
  std::optional<UdpDatagram> poll_ike_datagram();

 private:
  struct Impl;
  explicit UserSpaceDataPlane(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hawser::dataplane
