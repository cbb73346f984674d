#include "sidecar/dataplane/userspace/user_space_data_plane.h"

#include <map>
#include <thread>

#include "sidecar/dataplane/node/constants.h"
#include "sidecar/dataplane/node/interface_name.h"
#include "sidecar/dataplane/node/node_network.h"
#include "sidecar/dataplane/userspace/sockets.h"
#include "sidecar/dataplane/userspace/worker.h"

namespace hawser::dataplane {
namespace {

Error not_configured(const sa::ConnectionName& connection) {
  return {ErrorCode::NotFound, "the connection " + connection + " is not configured in the data plane"};
}

Result<void> check(const TunnelSpec& tunnel) {
  if (tunnel.mtu >= kMinMtu && tunnel.mtu <= kMaxMtu) return {};
  return Error{ErrorCode::InvalidArgument, "MTU " + std::to_string(tunnel.mtu) + " of " + tunnel.connection +
                                               " must be between 1280 and 9000"};
}

Result<WorkerSockets> open_sockets(const UserSpaceDataPlane::Options& options) {
  WorkerSockets sockets;
  auto prepare = [](int fd, IpVersion version, WorkerSockets::Nat& nat) -> Result<void> {
    if (fd < 0) return {};
    ASSIGN_OR_RETURN(nat.port, prepare_nat_socket(fd, version));
    nat.fd = fd;
    return {};
  };
  RETURN_IF_ERROR(prepare(options.nat_socket_v4, IpVersion::V4, sockets.nat_v4));
  RETURN_IF_ERROR(prepare(options.nat_socket_v6, IpVersion::V6, sockets.nat_v6));
  if (!options.raw_esp) return sockets;
  ASSIGN_OR_RETURN(sockets.esp_v4, open_esp_socket(IpVersion::V4));
  auto esp_v6 = open_esp_socket(IpVersion::V6);
  if (esp_v6)
    sockets.esp_v6 = std::move(*esp_v6);
  else if (esp_v6.error().code != ErrorCode::Unsupported)
    return esp_v6.error();
  return sockets;
}

}  // namespace

struct UserSpaceDataPlane::Impl {
  // Destroyed last to first: the worker goes before what it uses.
  SystemClock system_clock;
  Capabilities capabilities;
  std::unique_ptr<NodeNetwork> network;
  std::function<Result<UniqueFd>(const std::string& interface)> open_interface;
  std::unique_ptr<Mailbox> mailbox;
  std::unique_ptr<CommandChannel> commands;
  std::map<sa::ConnectionName, std::shared_ptr<TunnelCounters>> counters;
  std::unique_ptr<Worker> worker;
  std::thread thread;

  ~Impl() {
    if (!thread.joinable()) return;
    commands->run([this] { worker->stop(); });
    thread.join();
  }

  Result<void> command(const std::function<Result<void>(Worker&)>& body) {
    Result<void> result;
    commands->run([&] { result = body(*worker); });
    return result;
  }

  Result<void> open_tunnel(const TunnelSpec& tunnel) {
    ASSIGN_OR_RETURN(UniqueFd interface, open_interface(interface_name(tunnel.connection)));
    auto counted = std::make_shared<TunnelCounters>();
    RETURN_IF_ERROR(command([&](Worker& w) { return w.add_tunnel(tunnel, std::move(interface), counted); }));
    Result<void> attached = network->attach(tunnel);
    if (attached)
      counters[tunnel.connection] = std::move(counted);
    else
      commands->run([&] { worker->remove_tunnel(tunnel.connection); });
    return attached;
  }

  Result<void> change_tunnel(const TunnelSpec& tunnel) {
    commands->run([&] { worker->change_tunnel(tunnel); });
    Result<void> attached = network->attach(tunnel);
    if (attached || attached.error().code != ErrorCode::NotFound) return attached;
    // Somebody deleted the interface.
    ASSIGN_OR_RETURN(UniqueFd interface, open_interface(interface_name(tunnel.connection)));
    RETURN_IF_ERROR(
        command([&](Worker& w) { return w.replace_interface(tunnel.connection, std::move(interface)); }));
    return network->attach(tunnel);
  }
};

UserSpaceDataPlane::Options::Options() = default;
UserSpaceDataPlane::Options::Options(Options&&) noexcept = default;
UserSpaceDataPlane::Options& UserSpaceDataPlane::Options::operator=(Options&&) noexcept = default;
UserSpaceDataPlane::Options::~Options() = default;

Result<std::unique_ptr<UserSpaceDataPlane>> UserSpaceDataPlane::create(Options options) {
  auto impl = std::make_unique<Impl>();
  Worker::Parts parts;
  ASSIGN_OR_RETURN(parts.sockets, open_sockets(options));
  impl->capabilities = {.kind = Kind::UserSpace,
                        .udp_encapsulation = options.nat_socket_v4 >= 0 || options.nat_socket_v6 >= 0,
                        .raw_esp = options.raw_esp};
  ASSIGN_OR_RETURN(parts.context, options.make_context ? options.make_context() : crypto::Context::system());
  ASSIGN_OR_RETURN(impl->mailbox, Mailbox::create());
  ASSIGN_OR_RETURN(impl->commands, CommandChannel::create());
  parts.clock = options.clock != nullptr ? options.clock : &impl->system_clock;
  parts.mailbox = impl->mailbox.get();
  parts.commands = impl->commands.get();
  impl->network = std::move(options.network);
  if (impl->network == nullptr) {
    ASSIGN_OR_RETURN(impl->network, NodeNetwork::open());
  }
  impl->open_interface = options.open_interface ? std::move(options.open_interface) : open_tun;
  ASSIGN_OR_RETURN(impl->worker, Worker::create(std::move(parts)));
  impl->thread = std::thread([worker = impl->worker.get()] { worker->run(); });
  return std::unique_ptr<UserSpaceDataPlane>(new UserSpaceDataPlane(std::move(impl)));
}

UserSpaceDataPlane::UserSpaceDataPlane(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
UserSpaceDataPlane::~UserSpaceDataPlane() = default;

Capabilities UserSpaceDataPlane::capabilities() const { return impl_->capabilities; }

Result<void> UserSpaceDataPlane::configure(const TunnelSpec& tunnel) {
  RETURN_IF_ERROR(check(tunnel));
  RETURN_IF_ERROR(impl_->network->protect(tunnel));
  return impl_->counters.contains(tunnel.connection) ? impl_->change_tunnel(tunnel)
                                                     : impl_->open_tunnel(tunnel);
}

void UserSpaceDataPlane::unconfigure(const sa::ConnectionName& connection, bool keep_fail_closed) {
  impl_->commands->run([&] { impl_->worker->remove_tunnel(connection); });
  impl_->network->release(connection, keep_fail_closed);
  impl_->counters.erase(connection);
}

Result<void> UserSpaceDataPlane::remove_leftovers() { return impl_->network->remove_leftovers(); }

Result<void> UserSpaceDataPlane::install(sa::ChildSaSpec spec) {
  if (!impl_->counters.contains(spec.connection)) return not_configured(spec.connection);
  return impl_->command([&](Worker& worker) { return worker.install(std::move(spec)); });
}

Result<void> UserSpaceDataPlane::activate_outbound(const sa::ConnectionName& connection,
                                                   sa::Spi inbound_spi) {
  return impl_->command([&](Worker& worker) { return worker.activate_outbound(connection, inbound_spi); });
}

void UserSpaceDataPlane::remove(const sa::ConnectionName& connection, sa::Spi inbound_spi) {
  impl_->commands->run([&] { impl_->worker->remove(connection, inbound_spi); });
}

Result<void> UserSpaceDataPlane::update_endpoint(const sa::ConnectionName& connection, sa::Spi inbound_spi,
                                                 const SocketAddress& local, const SocketAddress& remote) {
  return impl_->command(
      [&](Worker& worker) { return worker.update_endpoint(connection, inbound_spi, local, remote); });
}

std::optional<Counters> UserSpaceDataPlane::counters(const sa::ConnectionName& connection) const {
  auto found = impl_->counters.find(connection);
  if (found == impl_->counters.end()) return std::nullopt;
  return found->second->read();
}

uint64_t UserSpaceDataPlane::unknown_spi_packets() const { return impl_->worker->unknown_spi_packets(); }
int UserSpaceDataPlane::event_fd() const { return impl_->mailbox->fd(); }
std::optional<sa::DataPlaneEvent> UserSpaceDataPlane::poll_event() { return impl_->mailbox->poll_event(); }
std::optional<UdpDatagram> UserSpaceDataPlane::poll_ike_datagram() { return impl_->mailbox->poll_datagram(); }

}  // namespace hawser::dataplane
