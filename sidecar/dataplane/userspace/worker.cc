#include "sidecar/dataplane/userspace/worker.h"

#include <sys/epoll.h>

#include <cerrno>
#include <cstring>

namespace hawser::dataplane {
namespace {

Error unknown_connection(const sa::ConnectionName& connection) {
  return {ErrorCode::NotFound, "the connection " + connection + " is not configured in the data plane"};
}

}  // namespace

Worker::Worker(Parts parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Worker>> Worker::create(Parts parts) {
  std::unique_ptr<Worker> worker(new Worker(std::move(parts)));
  worker->epoll_ = UniqueFd(epoll_create1(EPOLL_CLOEXEC));
  if (!worker->epoll_)
    return Error{ErrorCode::Internal, std::string("cannot make an epoll: ") + std::strerror(errno)};
  const WorkerSockets& sockets = worker->parts_.sockets;
  RETURN_IF_ERROR(worker->watch(worker->parts_.commands->fd(), Source::Command));
  RETURN_IF_ERROR(worker->watch(sockets.nat_v4.fd, Source::NatV4));
  RETURN_IF_ERROR(worker->watch(sockets.nat_v6.fd, Source::NatV6));
  RETURN_IF_ERROR(worker->watch(sockets.esp_v4.get(), Source::EspV4));
  RETURN_IF_ERROR(worker->watch(sockets.esp_v6.get(), Source::EspV6));
  return worker;
}

Result<void> Worker::watch(int fd, Source source, uint32_t number) {
  if (fd < 0) return {};
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = static_cast<uint64_t>(source) << 32 | number;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    return Error{ErrorCode::Internal, std::string("cannot watch a descriptor: ") + std::strerror(errno)};
  return {};
}

void Worker::run() {
  std::array<epoll_event, 64> events;
  while (!stopping_) {
    int count = epoll_wait(epoll_.get(), events.data(), events.size(), -1);
    now_ = parts_.clock->now();
    wall_now_ = parts_.clock->wall_now();
    for (int i = 0; i < count; ++i) handle(events[static_cast<size_t>(i)].data.u64);
  }
}

void Worker::handle(uint64_t token) {
  const WorkerSockets& sockets = parts_.sockets;
  switch (static_cast<Source>(token >> 32)) {
    case Source::Command:
      parts_.commands->execute();
      break;
    case Source::NatV4:
      drain_nat(sockets.nat_v4);
      break;
    case Source::NatV6:
      drain_nat(sockets.nat_v6);
      break;
    case Source::EspV4:
      drain_esp(sockets.esp_v4.get(), IpVersion::V4);
      break;
    case Source::EspV6:
      drain_esp(sockets.esp_v6.get(), IpVersion::V6);
      break;
    case Source::Tunnel:
      drain_tunnel(static_cast<uint32_t>(token));
      break;
  }
}

Tunnel& Worker::tunnel(const sa::ConnectionName& connection) {
  auto number = numbers_.find(connection);
  CHECK(number != numbers_.end());
  return *tunnels_.at(number->second);
}

Result<void> Worker::add_tunnel(const TunnelSpec& spec, UniqueFd interface,
                                std::shared_ptr<TunnelCounters> counters) {
  uint32_t number = next_number_++;
  RETURN_IF_ERROR(watch(interface.get(), Source::Tunnel, number));
  numbers_[spec.connection] = number;
  tunnels_[number] = std::make_unique<Tunnel>(spec, std::move(interface), std::move(counters));
  return {};
}

void Worker::change_tunnel(const TunnelSpec& spec) { tunnel(spec.connection).change(spec); }

Result<void> Worker::replace_interface(const sa::ConnectionName& connection, UniqueFd interface) {
  RETURN_IF_ERROR(watch(interface.get(), Source::Tunnel, numbers_.at(connection)));
  tunnel(connection).interface = std::move(interface);  // closing the old one ends its watch
  return {};
}

void Worker::remove_tunnel(const sa::ConnectionName& connection) {
  auto number = numbers_.find(connection);
  if (number == numbers_.end()) return;
  for (const auto& pair : tunnels_.at(number->second)->pairs()) pairs_.erase(pair->inbound_spi());
  tunnels_.erase(number->second);
  numbers_.erase(number);
}

Result<SaPair*> Worker::find_pair(const sa::ConnectionName& connection, sa::Spi inbound_spi) {
  auto number = numbers_.find(connection);
  if (number == numbers_.end()) return unknown_connection(connection);
  SaPair* pair = tunnels_.at(number->second)->find(inbound_spi);
  if (pair == nullptr)
    return Error{ErrorCode::NotFound, "the connection " + connection + " has no Child SA of inbound SPI " +
                                          std::to_string(inbound_spi.value)};
  return pair;
}

Result<SendPath> Worker::path_for(sa::Encapsulation encapsulation, const SocketAddress& local,
                                  const SocketAddress& remote) {
  bool v4 = remote.address.is_v4();
  if (!local.address.is_unspecified() && local.address.is_v4() != v4)
    return Error{ErrorCode::InvalidArgument, "the ends of a Child SA have different IP versions: " +
                                                 local.to_string() + " and " + remote.to_string()};
  const WorkerSockets& sockets = parts_.sockets;
  if (encapsulation == sa::Encapsulation::Udp) {
    int fd = v4 ? sockets.nat_v4.fd : sockets.nat_v6.fd;
    if (fd < 0) return Error{ErrorCode::Unsupported, "no socket of the NAT port for " + remote.to_string()};
    return make_send_path(fd, encapsulation, local, remote);
  }
  int fd = v4 ? sockets.esp_v4.get() : sockets.esp_v6.get();
  if (fd < 0) return Error{ErrorCode::Unsupported, "no raw ESP socket for " + remote.address.to_string()};
  return make_send_path(fd, encapsulation, local, {remote.address, 0});
}

Result<void> Worker::install(sa::ChildSaSpec spec) {
  auto number = numbers_.find(spec.connection);
  if (number == numbers_.end()) return unknown_connection(spec.connection);
  if (pairs_.contains(spec.inbound_spi))
    return Error{ErrorCode::AlreadyExists,
                 "inbound SPI " + std::to_string(spec.inbound_spi.value) + " is in use on this node"};
  ASSIGN_OR_RETURN(SendPath path, path_for(spec.encapsulation, spec.local, spec.remote));
  ASSIGN_OR_RETURN(std::unique_ptr<SaPair> pair, SaPair::create(*parts_.context, spec, path));
  Tunnel& owner = *tunnels_.at(number->second);
  pairs_[spec.inbound_spi] = {pair.get(), &owner};
  if (spec.use_outbound) owner.activate(*pair);
  owner.add(std::move(pair));
  for (auto& early : early_.take(spec.inbound_spi, now_)) receive_esp(early.esp, early.tos);
  return {};
}

Result<void> Worker::activate_outbound(const sa::ConnectionName& connection, sa::Spi inbound_spi) {
  ASSIGN_OR_RETURN(SaPair * pair, find_pair(connection, inbound_spi));
  tunnel(connection).activate(*pair);
  return {};
}

void Worker::remove(const sa::ConnectionName& connection, sa::Spi inbound_spi) {
  if (!find_pair(connection, inbound_spi)) return;
  pairs_.erase(inbound_spi);
  tunnel(connection).remove(inbound_spi);
}

Result<void> Worker::update_endpoint(const sa::ConnectionName& connection, sa::Spi inbound_spi,
                                     const SocketAddress& local, const SocketAddress& remote) {
  ASSIGN_OR_RETURN(SaPair * pair, find_pair(connection, inbound_spi));
  ASSIGN_OR_RETURN(pair->path, path_for(pair->encapsulation(), local, remote));
  return {};
}

bool Worker::is_tcp_syn(const esp::InnerHeader& header, BytesView packet) {
  constexpr size_t kFlags = 13;
  constexpr uint8_t kSyn = 0x02;
  return header.protocol == IPPROTO_TCP && header.first_fragment &&
         header.transport_offset + kFlags < header.total_length &&
         (packet[header.transport_offset + kFlags] & kSyn) != 0;
}

void Worker::report_lifetime(SaPair& pair) {
  if (pair.soft_lifetime_due()) parts_.mailbox->post(sa::SoftLifetimeReached{pair.inbound_spi()});
  if (pair.hard_lifetime_due()) parts_.mailbox->post(sa::HardLifetimeReached{pair.inbound_spi()});
}

}  // namespace hawser::dataplane
