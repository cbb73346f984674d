#include "tests/support/dataplane/site.h"

#include <sys/socket.h>

#include <stdexcept>

#include "sidecar/dataplane/node/constants.h"
#include "sidecar/dataplane/userspace/socket_address.h"

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
  if (ok && !bind_to.address.is_v4()) ok = setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0;
  if (!ok || bind(fd.get(), &name.generic, size) != 0) throw std::runtime_error("cannot open a marked UDP socket");
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
  std::string output = ns_.run("ping -n -i 0.01 -W 2 -c " + number + " -s " + std::to_string(size) + " -I " +
                               (v6 ? options_.inner_v6 : options_.inner_v4) + " " + destination + " || true");
  return output.find(" " + number + " received") != std::string::npos;
}

}  // namespace hawser::support
