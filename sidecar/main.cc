#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <string>

#include "common/base/product_version.h"
#include "sidecar/agent/agent.h"
#include "sidecar/agent/logging.h"
#include "sidecar/agent/trigger_client.h"
#include "sidecar/dataplane/node/cleanup.h"
#include "sidecar/dataplane/node/node_lock.h"
#include "sidecar/metrics/exposition.h"

namespace hawser {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

struct RunFlags {
  agent::AgentOptions agent;
  std::string metrics_address = "0.0.0.0:9447";
  std::string data_plane = "auto";
  std::string log_level = "info";
  std::string log_format = "text";
};

struct TriggerFlags {
  std::string sidecar = "unix:/run/hawser/sidecar.sock";
  std::string action;
  std::string connection;
};

struct ActionRow {
  std::string_view word;
  v1::TriggerRequest::Action action;
};
constexpr auto kActions = std::to_array<ActionRow>({{"rekey-child", v1::TriggerRequest::REKEY_CHILD_SA},
                                                    {"rekey-ike", v1::TriggerRequest::REKEY_IKE_SA},
                                                    {"restart", v1::TriggerRequest::RESTART}});

int fail(int code, const std::string& message) {
  std::fprintf(stderr, "hawser-sidecar: %s\n", message.c_str());
  return code;
}

int exit_code(const Error& error) {
  return error.code == ErrorCode::InvalidArgument ? kExitUsage : kExitFailure;
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

// CLI11 itself does not name what it cannot convert, nor what is allowed.
std::string check_boolean(const std::string& value) {
  return value == "true" || value == "false" ? "" : value + ": allowed: true, false";
}

std::string check_data_plane(const std::string& value) {
  if (value == "auto" || value == "userspace") return "";
  return value + ": allowed: auto, userspace" +
         (value == "kernel" ? "; this version carries packets in user space only" : "");
}

void add_run_flags(CLI::App& run, RunFlags& flags) {
  auto& options = flags.agent;
  // Who adds to a command line that others wrote has the last word.
  run.option_defaults()->take_last();
  run.add_option("--listen", options.listen.address,
                 "unix:PATH, or HOST:PORT with the four --tls flags (port 9446)")
      ->capture_default_str();
  run.add_option("--tls-cert", options.listen.tls_cert_file, "certificate of this sidecar, PEM");
  run.add_option("--tls-key", options.listen.tls_key_file, "its private key, PEM");
  run.add_option("--tls-ca", options.listen.tls_ca_file, "authority of the operator's certificate, PEM");
  run.add_option("--tls-peer-name", options.listen.tls_peer_name,
                 "DNS name or URI that the operator's certificate carries");
  run.add_option("--node-name", options.node_name, "name told to the operator; the host's name if not given");
  run.add_option("--metrics-address", flags.metrics_address, "HOST:PORT of /metrics")->capture_default_str();
  run.add_option("--health-address", options.health_address, "HOST:PORT of grpc.health.v1")
      ->capture_default_str();
  run.add_option("--ike-port", options.ports.ike, "UDP port of IKE")
      ->capture_default_str()
      ->check(CLI::Range(1, 65535));
  run.add_option("--nat-port", options.ports.nat, "UDP port of IKE and ESP behind NAT")
      ->capture_default_str()
      ->check(CLI::Range(1, 65535));
  run.add_option("--data-plane", flags.data_plane, "auto or userspace: the same in this version")
      ->capture_default_str()
      ->check(check_data_plane);
  run.add_flag("--force-udp-encapsulation", options.force_udp_encapsulation,
               "ESP in UDP even without NAT on the way")
      ->check(check_boolean);
  run.add_option("--insecure-export-keys", options.export_keys_folder,
                 "DIR: write the keys of every SA there for Wireshark; for tests only");
  run.add_option("--log-level", flags.log_level, "debug, info, warning or error")->capture_default_str();
  run.add_option("--log-format", flags.log_format, "text or json")->capture_default_str();
}

int run_sidecar(RunFlags flags) {
  if (auto logging = agent::set_up_logging(flags.log_level, flags.log_format); !logging) {
    return fail(kExitUsage, logging.error().message);
  }
  if (flags.agent.ports.ike == flags.agent.ports.nat) {
    return fail(kExitUsage, "--ike-port and --nat-port are both " + std::to_string(flags.agent.ports.ike) +
                                "; they must differ (RFC 7296 2.23)");
  }
  if (flags.agent.node_name.empty()) flags.agent.node_name = host_name();
  flags.agent.version = kProductVersion;
  auto lock = dataplane::NodeLock::acquire();
  if (!lock) return fail(kExitFailure, lock.error().message);
  auto exposition = metrics::Exposition::start(flags.metrics_address);
  if (!exposition) return fail(kExitFailure, exposition.error().message);
  flags.agent.publish = [&exposition](std::shared_ptr<const status::Snapshot> snapshot) {
    (*exposition)->publish(std::move(snapshot));
  };
  auto result = agent::run_agent(std::move(flags.agent));
  if (!result) return fail(exit_code(result.error()), result.error().message);
  auto removed = dataplane::remove_idle_rules();
  return removed ? 0 : fail(kExitFailure, removed.error().message);
}

int run_trigger(const TriggerFlags& flags) {
  const size_t slash = flags.connection.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == flags.connection.size()) {
    return fail(kExitUsage, "'" + flags.connection + "': give the connection as NAMESPACE/NAME");
  }
  v1::TriggerRequest request;
  request.set_namespace_(flags.connection.substr(0, slash));
  request.set_name(flags.connection.substr(slash + 1));
  for (const auto& row : kActions) {
    if (row.word == flags.action) request.set_action(row.action);
  }
  auto result = agent::send_trigger(flags.sidecar, request);
  return result ? 0 : fail(exit_code(result.error()), result.error().message);
}

int run_cleanup() {
  auto lock = dataplane::NodeLock::acquire();
  if (!lock) return fail(kExitFailure, lock.error().message);
  auto result = dataplane::cleanup_node();
  return result ? 0 : fail(kExitFailure, result.error().message);
}

int run(int argc, char** argv) {
  CLI::App app("Hawser's sidecar: IKEv2 and ESP for one node.", "hawser-sidecar");
  app.set_version_flag("--version", std::string("hawser-sidecar ") + kProductVersion);
  app.require_subcommand(1);

  RunFlags run_flags;
  run_flags.agent.health_address = "0.0.0.0:9448";
  auto* run = app.add_subcommand("run", "serve the operator and carry the tunnels, until SIGTERM");
  add_run_flags(*run, run_flags);
  auto* cleanup =
      app.add_subcommand("cleanup", "remove every interface, rule and route of Hawser from this node");

  TriggerFlags trigger_flags;
  auto* trigger = app.add_subcommand("trigger", "force what otherwise happens by itself");
  trigger->add_option("--sidecar", trigger_flags.sidecar, "unix:PATH of the sidecar")->capture_default_str();
  trigger->add_option("action", trigger_flags.action, "rekey-child, rekey-ike or restart")
      ->required()
      ->check(CLI::IsMember({"rekey-child", "rekey-ike", "restart"}));
  trigger->add_option("connection", trigger_flags.connection, "NAMESPACE/NAME")->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app.exit(version);
  } catch (const CLI::ParseError& error) {
    if (app.get_subcommands().empty())
      return fail(kExitUsage, "say first what to do: run, cleanup or trigger (--help tells more)");
    return fail(kExitUsage, std::string(error.what()) + " (hawser-sidecar --help tells more)");
  }
  if (run->parsed()) return run_sidecar(std::move(run_flags));
  if (trigger->parsed()) return run_trigger(trigger_flags);
  if (cleanup->parsed()) return run_cleanup();
  return kExitUsage;
}

}  // namespace
}  // namespace hawser

int main(int argc, char** argv) {
  hawser::agent::prepare_process();
  return hawser::run(argc, argv);
}
