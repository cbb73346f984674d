#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/secret.h"
#include "common/spec/diff.h"
#include "hawser/v1/sidecar.pb.h"
#include "sidecar/agent/source_address.h"
#include "sidecar/dataplane/data_plane.h"
#include "sidecar/ike/endpoint.h"
#include "sidecar/status/snapshot.h"

namespace hawser::agent {

// Brings engine and data plane to what the operator wants, entry by entry. Level-triggered: the same state
// again does nothing. A bad entry never disturbs another one, and keeps its own previous spec in force. Loop
// thread only.
class Reconciler {
 public:
  struct Parts {
    ike::Endpoint& engine;
    dataplane::DataPlane& plane;
    const SourceAddresses& sources;
    status::Ledger& ledger;
    std::function<void(TimePoint)> drain;  // carries out what the engine wants done, before an interface goes
  };
  // The references outlive the reconciler.
  explicit Reconciler(Parts parts) : parts_(std::move(parts)) {}

  // One Ack entry for each entry. The shared keys in `desired` are wiped.
  v1::Ack apply(TimePoint now, v1::DesiredState& desired);
  // Once a second: tries again what could not be done yet (no route, no interface), and moves connections
  // whose source address is gone.
  void refresh(TimePoint now);
  // How the data plane took a Child SA.
  void note_install(const sa::ConnectionName& connection, const Result<void>& result);
  // At the end of the process: interfaces go, fail-closed routes stay.
  void release_all();

  std::vector<status::Configured> configured() const;
  std::vector<v1::HeldConnection> held() const;

 private:
  struct Connection {
    std::string uid;
    bool has_spec = false;
    v1::ConnectionSpec spec;  // in force, without the key
    SecretBytes key;
    std::optional<dataplane::TunnelSpec> tunnel;  // as configured in the data plane
    bool touched = false;                         // the data plane was asked: it may hold a part of it
    std::optional<spec::Impact> pending;          // what the engine was not told yet
    std::optional<IpAddress> source;  // as told to the engine; empty: it does not know the connection
    std::string rejected;             // why the latest entry was refused; empty: it was not
    std::string tunnel_failed;        // interface and routes
    bool blocked = false;             // so failed because another one carries a prefix
    std::string install_failed;       // latest Child SA
    std::string waiting;              // what is missing for the moment
  };
  struct Verdict {
    std::string code = "OK";
    std::string field_path;
    std::string message;
    bool ok() const { return code == "OK"; }
  };
  using Claims = std::map<std::string, sa::ConnectionName>;  // outer addresses, who has them
  using Tunnels = std::map<sa::ConnectionName, dataplane::TunnelSpec>;

  Claims claims(const v1::DesiredState& desired) const;
  Result<void> check_own_addresses(const dataplane::TunnelSpec& tunnel) const;
  Verdict judge(const v1::DesiredState::Entry& entry, const Claims& claims) const;
  void take(const v1::DesiredState::Entry& entry);
  void remove_absent(TimePoint now, const std::set<sa::ConnectionName>& present);
  void end_replaced(TimePoint now, const v1::DesiredState& desired);
  void remove_tunnel(const sa::ConnectionName& name, Connection& connection, bool keep_fail_closed);
  void withdraw(TimePoint now, const sa::ConnectionName& name, Connection& connection);
  void realize_all(TimePoint now);
  void realize(TimePoint now, const sa::ConnectionName& name, Connection& connection);
  Tunnels deadlocked() const;
  bool end_deadlocks(TimePoint now);
  bool configure_tunnel(const sa::ConnectionName& name, Connection& connection);
  Result<IpAddress> choose_source(const Connection& connection) const;
  void remove_leftovers();

  Parts parts_;
  std::map<sa::ConnectionName, Connection> connections_;
  std::vector<sa::ConnectionName> order_;  // of the entries of the latest state
  bool whole_state_seen_ = false;          // a DesiredState without `hold`
  bool leftovers_removed_ = false;
};

}  // namespace hawser::agent
