// A user-space plane with a peer on the loopback that speaks ESP in UDP with the mirrored keys.
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sys/socket.h>

#include <map>
#include <stdexcept>

#include "sidecar/crypto/context.h"
#include "sidecar/dataplane/node/interface_name.h"
#include "sidecar/dataplane/node/node_network.h"
#include "sidecar/dataplane/userspace/socket_address.h"
#include "sidecar/esp/outbound_sa.h"
#include "tests/contract/data_plane_contract.h"
#include "tests/support/dataplane/site.h"

namespace hawser::dataplane {
namespace {

using support::RecordingDataPlane;

// UDP from port 1 to port 2, zeros. No checksum: nobody opens it.
Bytes build(const InnerPacket& inner) {
  Bytes out(inner.size);
  bool v4 = inner.source.is_v4();
  size_t header = v4 ? 20 : 40;
  if (v4) {
    out[0] = 0x45;
    store_be16(&out[2], static_cast<uint16_t>(out.size()));
    out[8] = 64;
    out[9] = IPPROTO_UDP;
  } else {
    out[0] = 0x60;
    store_be16(&out[4], static_cast<uint16_t>(out.size() - header));
    out[6] = IPPROTO_UDP;
    out[7] = 64;
  }
  std::ranges::copy(inner.source.octets(), &out[v4 ? 12 : 8]);
  std::ranges::copy(inner.destination.octets(), &out[v4 ? 16 : 24]);
  store_be16(&out[header], 1);
  store_be16(&out[header + 2], 2);
  store_be16(&out[header + 4], static_cast<uint16_t>(out.size() - header));
  return out;
}

bool same_addresses(BytesView a, BytesView b) {
  if (a.size() != b.size() || a.empty() || a[0] >> 4 != b[0] >> 4) return false;
  size_t start = a[0] >> 4 == 4 ? 12 : 8, end = a[0] >> 4 == 4 ? 20 : 40;
  return std::equal(&a[start], &a[0] + end, &b[start]);
}

std::optional<Bytes> receive(int fd, int flags = MSG_DONTWAIT) {
  Bytes buffer(16384);
  ssize_t size = recv(fd, buffer.data(), buffer.size(), flags);
  if (size < 0) return std::nullopt;
  buffer.resize(static_cast<size_t>(size));
  return buffer;
}

SocketAddress bound_to(int fd) {
  SocketName name{};
  socklen_t size = sizeof(name);
  getsockname(fd, &name.generic, &size);
  return from_socket_name(name);
}

// The other side of an interface: what the node's stack would read and write.
class InnerPort {
 public:
  virtual ~InnerPort() = default;
  virtual void open(const sa::ConnectionName& connection) = 0;
  virtual void write(BytesView packet) = 0;
  virtual std::optional<Bytes> read() = 0;
};

// AF_PACKET on the TUN interface.
class PacketPort final : public InnerPort {
 public:
  explicit PacketPort(const support::NetworkNamespace& ns) : ns_(ns) {}
  void open(const sa::ConnectionName& connection) override {
    ns_.in([&] {
      address_ = {};
      address_.sll_family = AF_PACKET;
      address_.sll_protocol = htons(ETH_P_ALL);
      address_.sll_ifindex = static_cast<int>(if_nametoindex(interface_name(connection).c_str()));
      fd_ = UniqueFd(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      if (bind(fd_.get(), reinterpret_cast<sockaddr*>(&address_), sizeof(address_)) != 0)
        throw std::runtime_error("cannot open a packet socket");
    });
  }
  void write(BytesView packet) override {
    sockaddr_ll to = address_;
    to.sll_protocol = htons(packet[0] >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6);
    if (sendto(fd_.get(), packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof(to)) < 0)
      throw std::runtime_error("cannot send into the interface");
  }
  std::optional<Bytes> read() override {
    while (true) {
      Bytes buffer(16384);
      sockaddr_ll from{};
      socklen_t size = sizeof(from);
      ssize_t n = recvfrom(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                           reinterpret_cast<sockaddr*>(&from), &size);
      if (n < 0) return std::nullopt;
      if (from.sll_pkttype == PACKET_OUTGOING) continue;
      buffer.resize(static_cast<size_t>(n));
      return buffer;
    }
  }

 private:
  const support::NetworkNamespace& ns_;
  sockaddr_ll address_{};
  UniqueFd fd_;
};

// The other end of a socket pair.
class PairPort final : public InnerPort {
 public:
  Result<UniqueFd> make(const std::string& interface) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
      return Error{ErrorCode::Internal, "socketpair"};
    ends_[interface] = UniqueFd(ends[0]);
    return UniqueFd(ends[1]);
  }
  void open(const sa::ConnectionName& connection) override {
    fd_ = ends_.at(interface_name(connection)).get();
  }
  void write(BytesView packet) override {
    if (::send(fd_, packet.data(), packet.size(), 0) < 0)
      throw std::runtime_error("cannot send into the pair");
  }
  std::optional<Bytes> read() override { return receive(fd_); }

 private:
  std::map<std::string, UniqueFd> ends_;
  int fd_ = -1;
};

// Routes of nobody: only the rule that a prefix has one owner.
class NoNetwork final : public NodeNetwork {
 public:
  Result<void> protect(const TunnelSpec& spec) override {
    for (const auto& [name, prefixes] : prefixes_)
      for (const IpPrefix& prefix : spec.remote_prefixes)
        if (name != spec.connection &&
            std::ranges::any_of(prefixes, [&](const auto& theirs) { return theirs.overlaps(prefix); }))
          return Error{ErrorCode::AlreadyExists, prefix.to_string()};
    prefixes_[spec.connection] = spec.remote_prefixes;
    return {};
  }
  Result<void> attach(const TunnelSpec&) override { return {}; }
  void release(const sa::ConnectionName& connection, bool) override { prefixes_.erase(connection); }
  Result<void> remove_leftovers() override { return {}; }

 private:
  std::map<sa::ConnectionName, std::vector<IpPrefix>> prefixes_;
};

class UserSpaceHarness final : public DataPlaneHarness {
 public:
  explicit UserSpaceHarness(bool real) {
    if (real) {
      ns_ = std::make_unique<support::NetworkNamespace>();
      // What is delivered ends here: no ICMP error goes back through the tunnel and is counted.
      ns_->run("ip route add blackhole 10.11.0.0/16 && ip -6 route add blackhole 2001:db8:11::/48");
    }
    context_ = crypto::Context::seeded(1).value();
    in([&] { open(real); });
  }

  DataPlane& plane() override { return *plane_; }
  Result<void> configure(const TunnelSpec& tunnel) override {
    Result<void> result;
    in([&] { result = plane_->configure(tunnel); });
    return result;
  }
  support::Ends ends() const override {
    return {bound_to(nat_.get()), bound_to(peer_.get()), sa::Encapsulation::Udp};
  }
  SocketAddress other_remote() const override { return bound_to(other_peer_.get()); }

  bool deliver(const sa::ChildSaSpec& spec, const InnerPacket& packet) override {
    auto found = peers_.find(spec.inbound_spi);
    if (found == peers_.end()) {
      auto made = esp::OutboundSa::create(*context_, spec.suite, spec.inbound_keys, spec.inbound_spi);
      found = peers_.emplace(spec.inbound_spi, std::move(made).value()).first;
    }
    port_->open(spec.connection);
    Bytes inner = build(packet), esp(16384);
    MutableBytesView sealed = *found->second.seal(inner, esp, random_);
    SocketName to;
    socklen_t size = to_socket_name(bound_to(nat_.get()), to);
    if (sendto(peer_.get(), sealed.data(), sealed.size(), 0, &to.generic, size) < 0)
      throw std::runtime_error("the peer cannot send");
    settle();
    while (auto received = port_->read())
      if (same_addresses(inner, *received)) return true;
    return false;
  }

  std::optional<RecordingDataPlane::Sent> send(const sa::ConnectionName& connection,
                                               const InnerPacket& packet) override {
    port_->open(connection);
    port_->write(build(packet));
    settle();
    for (int fd : {peer_.get(), other_peer_.get()})
      if (auto received = receive(fd))
        return RecordingDataPlane::Sent{sa::Spi(load_be32(received->data())), bound_to(fd)};
    return std::nullopt;
  }

 private:
  void in(const std::function<void()>& body) {
    if (ns_)
      ns_->in(body);
    else
      body();
  }

  void open(bool real) {
    SocketAddress any{IpAddress::v4(0x7f000001), 0};
    nat_ = support::open_marked_udp(any);
    peer_ = support::open_marked_udp(any);
    other_peer_ = support::open_marked_udp(any);
    UserSpaceDataPlane::Options options;
    options.nat_socket_v4 = nat_.get();
    options.raw_esp = real;
    options.clock = &clock();
    if (real) {
      port_ = std::make_unique<PacketPort>(*ns_);
    } else {
      auto port = std::make_unique<PairPort>();
      options.open_interface = [p = port.get()](const std::string& interface) { return p->make(interface); };
      options.network = std::make_unique<NoNetwork>();
      port_ = std::move(port);
    }
    auto plane = UserSpaceDataPlane::create(std::move(options));
    if (!plane) throw std::runtime_error(plane.error().message);
    plane_ = std::move(*plane);
  }

  // A command that does nothing. What was readable before the first one is handled in its round of the worker
  // at the latest, and the second one runs in a later round.
  void settle() {
    for (int i = 0; i < 2; ++i) plane_->remove("", sa::Spi(0));
  }

  std::unique_ptr<support::NetworkNamespace> ns_;
  UniqueFd nat_, peer_, other_peer_;
  std::unique_ptr<InnerPort> port_;
  std::unique_ptr<UserSpaceDataPlane> plane_;
  std::unique_ptr<crypto::Context> context_;
  crypto::SeededRandom random_{1};
  std::map<sa::Spi, esp::OutboundSa> peers_;
};

}  // namespace

std::unique_ptr<DataPlaneHarness> make_user_space_harness() {
  return std::make_unique<UserSpaceHarness>(true);
}
std::unique_ptr<DataPlaneHarness> make_threads_only_harness() {
  return std::make_unique<UserSpaceHarness>(false);
}

}  // namespace hawser::dataplane
