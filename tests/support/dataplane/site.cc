#include "tests/support/dataplane/site.h"

#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <stdexcept>

#include "sidecar/dataplane/node/constants.h"
#include "sidecar/dataplane/userspace/socket_address.h"
#include "sidecar/esp/inner_header.h"

namespace hawser::support {
namespace {

constexpr uint16_t kNatPort = 4500;

IpPrefix prefix_of(const std::string& address) {
  IpAddress parsed = IpAddress::parse(address).value();
  return {parsed, parsed.is_v4() ? 16 : 48};
}

}  // namespace

dataplane::UniqueFd open_marked_udp(const SocketAddress& bind_to) {
  dataplane::SocketName name;
  socklen_t size = dataplane::to_socket_name(bind_to, name);
  dataplane::UniqueFd fd(socket(name.generic.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  int mark = dataplane::kMark, on = 1;
  bool ok = fd && setsockopt(fd.get(), SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0;
  if (ok && !bind_to.address.is_v4())
    ok = setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0;
  if (!ok || bind(fd.get(), &name.generic, size) != 0)
    throw std::runtime_error("cannot open a marked UDP socket");
  return fd;
}

Site::Site(const Options& options) : options_(options) {
  ns_.run("ip address add " + options.inner_v4 + "/32 dev lo; ip address add " + options.inner_v6 +
          "/128 dev lo nodad");
}

void Site::start() {
  ns_.in([&] {
    if (!nat_v4_) nat_v4_ = open_marked_udp({IpAddress::v4(0), kNatPort});
    if (!nat_v6_) nat_v6_ = open_marked_udp({IpAddress::v6({}), kNatPort});
    dataplane::UserSpaceDataPlane::Options options;
    options.nat_socket_v4 = nat_v4_.get();
    options.nat_socket_v6 = nat_v6_.get();
    auto plane = dataplane::UserSpaceDataPlane::create(std::move(options));
    if (!plane) throw std::runtime_error(plane.error().message);
    plane_ = std::move(*plane);
  });
}

dataplane::TunnelSpec Site::tunnel_to(const Site& other, const sa::ConnectionName& connection) const {
  dataplane::TunnelSpec spec;
  spec.connection = connection;
  spec.local_prefixes = {prefix_of(options_.inner_v4), prefix_of(options_.inner_v6)};
  spec.remote_prefixes = {prefix_of(other.options_.inner_v4), prefix_of(other.options_.inner_v6)};
  return spec;
}

Result<void> Site::configure(const dataplane::TunnelSpec& tunnel) {
  Result<void> result;
  ns_.in([&] { result = plane_->configure(tunnel); });
  return result;
}

bool Site::ping(const std::string& destination, int count, int size) const {
  bool v6 = destination.find(':') != std::string::npos;
  std::string number = std::to_string(count);
  // All leave at once (-l): else ping gives the last answer two round trips, and -W counts for nothing.
  // How ping ends is not asked: the number of answers is.
  std::string output =
      ns_.run("ping -n -W 10 -l " + number + " -c " + number + " -s " + std::to_string(size) + " -I " +
              (v6 ? options_.inner_v6 : options_.inner_v4) + " " + destination + " || true");
  return output.find(" " + number + " received") != std::string::npos;
}

TwoSites::TwoSites() {
  join(left.ns(), "wan", "192.0.2.1/24", right.ns(), "wan", "192.0.2.2/24");
  left.ns().run("ip address add 2001:db8::1/64 dev wan nodad");
  right.ns().run("ip address add 2001:db8::2/64 dev wan nodad");
  left.ns().run("ip route add default via 192.0.2.2 && ip -6 route add default via 2001:db8::2");
  right.ns().run("ip route add default via 192.0.2.1 && ip -6 route add default via 2001:db8::1");
}

Result<void> TwoSites::start() {
  left.start();
  right.start();
  RETURN_IF_ERROR(left.configure(left.tunnel_to(right, kConnection)));
  return right.configure(right.tunnel_to(left, kConnection));
}

Ends TwoSites::ends(sa::Encapsulation encapsulation, IpVersion outer) const {
  uint16_t port = encapsulation == sa::Encapsulation::Udp ? kNatPort : 0;
  auto at = [&](const char* address) { return SocketAddress{IpAddress::parse(address).value(), port}; };
  if (outer == IpVersion::V4) return {at("192.0.2.1"), at("192.0.2.2"), encapsulation};
  return {at("2001:db8::1"), at("2001:db8::2"), encapsulation};
}

Result<void> TwoSites::install(const sa::ChildSuite& suite, uint8_t n, const Ends& ends) {
  // As in a rekey: the responder receives on the new pair before the initiator sends on it (RFC 7296 2.8).
  sa::ChildSaSpec responder = right_spec(kConnection, suite, n, ends);
  sa::Spi spi = responder.inbound_spi;
  responder.use_outbound = false;
  RETURN_IF_ERROR(right.plane().install(std::move(responder)));
  RETURN_IF_ERROR(left.plane().install(left_spec(kConnection, suite, n, ends)));
  return right.plane().activate_outbound(kConnection, spi);
}

void TwoSites::remove(uint8_t n) {
  sa::ChildSaSpec spec = left_spec(kConnection, default_child_suite(), n, {});
  left.plane().remove(kConnection, spec.inbound_spi);
  right.plane().remove(kConnection, spec.outbound_spi);
}

WireTap::WireTap(const NetworkNamespace& ns, const std::string& interface) {
  ns.in([&] {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    fd_ = dataplane::UniqueFd(socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL)));
    int size = 16 << 20;
    if (!fd_ || setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0 ||
        bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
      throw std::runtime_error("cannot tap " + interface);
  });
}

WireTap::Seen WireTap::take() {
  static const std::vector<IpPrefix> kInner = {IpPrefix::parse("10.0.0.0/8").value(),
                                               IpPrefix::parse("2001:db8:11::/48").value(),
                                               IpPrefix::parse("2001:db8:61::/48").value()};
  Seen seen;
  Bytes buffer(65536);
  ssize_t size;
  while ((size = recv(fd_.get(), buffer.data(), buffer.size(), 0)) >= 0) {
    auto header = esp::InnerHeader::parse(BytesView(buffer).first(static_cast<size_t>(size)));
    bool inner = header && std::ranges::any_of(kInner, [&](const IpPrefix& p) {
                   return p.contains(header->source) || p.contains(header->destination);
                 });
    bool esp = header && (header->protocol == IPPROTO_ESP ||
                          (header->protocol == IPPROTO_UDP && header->destination_port == kNatPort));
    ++(inner ? seen.clear : esp ? seen.esp : seen.other);
  }
  return seen;
}

}  // namespace hawser::support
