#include "sidecar/agent/driver.h"

namespace hawser::agent {

void Driver::turn(TimePoint now) {
  if (auto due = engine_.next_timeout(); due && *due <= now) engine_.handle_timeout(now);
  bool more = true;
  while (more) {
    more = drain_plane(now);
    more = drain_engine(now) || more;
  }
}

bool Driver::drain_plane(TimePoint now) {
  bool any = false;
  while (auto event = plane_.poll_event()) {
    engine_.handle_dataplane(now, *event);
    any = true;
  }
  return any;
}

bool Driver::drain_engine(TimePoint now) {
  bool any = false;
  // All actions first: a Child SA must receive before the message leaves that lets the peer use it.
  while (auto action = engine_.poll_action()) {
    perform(now, std::move(*action));
    any = true;
  }
  while (auto datagram = engine_.poll_transmit()) {
    outlets_.transmit(*datagram);
    any = true;
  }
  while (auto event = engine_.poll_event()) {
    outlets_.event(*event);
    any = true;
  }
  return any;
}

void Driver::perform(TimePoint now, sa::DataPlaneAction action) {
  Result<void> result;
  sa::Spi inbound_spi;
  if (auto* install = std::get_if<sa::InstallChildSa>(&action)) {
    const sa::ConnectionName connection = install->spec.connection;
    inbound_spi = install->spec.inbound_spi;
    if (outlets_.exported) outlets_.exported(install->spec);
    result = plane_.install(std::move(install->spec));
    outlets_.installed(connection, result);
  } else if (const auto* activate = std::get_if<sa::ActivateOutbound>(&action)) {
    inbound_spi = activate->inbound_spi;
    result = plane_.activate_outbound(activate->connection, inbound_spi);
  } else if (const auto* gone = std::get_if<sa::RemoveChildSa>(&action)) {
    plane_.remove(gone->connection, gone->inbound_spi);
  } else if (const auto* update = std::get_if<sa::UpdateEndpoint>(&action)) {
    inbound_spi = update->inbound_spi;
    result = plane_.update_endpoint(update->connection, inbound_spi, update->local, update->remote);
  }
  if (!result) engine_.handle_dataplane(now, sa::InstallFailed{inbound_spi, result.error().message});
}

}  // namespace hawser::agent
