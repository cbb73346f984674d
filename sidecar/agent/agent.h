#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/base/result.h"
#include "sidecar/agent/ike_sockets.h"
#include "sidecar/agent/rpc_server.h"
#include "sidecar/status/snapshot.h"

namespace hawser::agent {

struct AgentOptions {
  ListenOptions listen;
  std::string version;
  std::string node_name;
  std::string health_address;  // empty: none
  IkeSockets::Ports ports;
  bool force_udp_encapsulation = false;
  std::string export_keys_folder;  // empty: keys stay where they are
  // Gets each new snapshot, on the loop's thread.
  std::function<void(std::shared_ptr<const status::Snapshot>)> publish;
};

// To be called first in main, before any thread exists: SIGTERM and SIGINT then reach the loop alone, no core
// dump can hold a key, and a broken pipe is an error code.
void prepare_process();

// The sidecar: runs until SIGTERM or SIGINT, then tells every peer (at most 3 s, at once on a second signal),
// removes the interfaces and leaves the fail-closed routes. An error means that it could not start.
Result<void> run_agent(AgentOptions options);

}  // namespace hawser::agent
