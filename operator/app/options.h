#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "operator/app/log.h"
#include "operator/sidecars/sidecar_address.h"

namespace hawser::app {

// host and port of a listener; nullopt where it is switched off ("off").
struct ListenAddress {
  std::string host;
  uint16_t port = 0;
  std::string to_string() const { return host + ":" + std::to_string(port); }
};

// How to reach the API server, and what of it to look at.
struct ClusterOptions {
  std::string kubeconfig;                     // empty: the pod's own credentials
  std::string context;                        // empty: the kubeconfig's current one
  std::vector<std::string> watch_namespaces;  // empty: all
  std::string namespace_;                     // where the operator is at home, with its Lease and sidecars
  // Pods of sidecars; empty: those of --sidecar.
  std::string sidecar_selector = "app.kubernetes.io/name=hawser,app.kubernetes.io/component=sidecar";
  uint16_t sidecar_port = 9446;
  bool leader_elect = true;
};

// The command line of hawser-operator.
struct Options {
  std::optional<ClusterOptions> cluster;  // else: the two folders
  std::string manifests;
  std::string status;
  std::vector<sidecars::SidecarAddress> sidecars;
  std::optional<ListenAddress> metrics = ListenAddress{"0.0.0.0", 9449};
  std::optional<ListenAddress> health = ListenAddress{"0.0.0.0", 9450};
  std::string identity;
  // After so long everything is judged anew without a reason; zero: never.
  Duration resync_period = std::chrono::hours(10);
  LogLevel log_level = LogLevel::Info;
  LogFormat log_format = LogFormat::Text;
};

// What to do with a command line.
struct ParsedCommandLine {
  std::optional<Options> options;  // else: print `text` and leave with `exit_code`
  std::string text;
  int exit_code = 0;
};
ParsedCommandLine parse_command_line(const std::vector<std::string>& arguments);

}  // namespace hawser::app
