#include "operator/app/options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>

#include "common/base/environment.h"
#include "common/base/product_version.h"

namespace hawser::app {
namespace {

struct RawFlags {
  std::string manifests, status, tls_cert, tls_key, tls_ca, identity;
  std::vector<std::string> sidecars;
  ClusterOptions cluster;
  std::string metrics = "0.0.0.0:9449";
  std::string health = "0.0.0.0:9450";
  std::string resync_period = "10h";
  std::string log_level = "info";
  std::string log_format = "text";
};

// CLI11 itself does not say what is allowed.
std::string check_boolean(const std::string& value) {
  return value == "true" || value == "false" ? "" : value + ": allowed: true, false";
}

void declare(CLI::App& command, RawFlags& flags) {
  // Who adds to a command line that others wrote has the last word. Lists take all.
  command.option_defaults()->take_last();
  command.add_option("--manifests", flags.manifests,
                     "Folder of manifests (*.yaml, *.yml, *.json); without it, objects come from a cluster");
  command.add_option("--status", flags.status,
                     "With --manifests: folder for the status of each object; made when missing");
  command.add_option("--kubeconfig", flags.cluster.kubeconfig,
                     "Cluster to work for (default: the one this pod runs in)");
  command.add_option("--context", flags.cluster.context,
                     "Context of the kubeconfig (default: its current one)");
  command
      .add_option("--watch-namespaces", flags.cluster.watch_namespaces,
                  "Namespaces to look at, separated by commas (default: all)")
      ->delimiter(',');
  command.add_option(
      "--namespace", flags.cluster.namespace_,
      "The operator's own namespace, with its Lease and the sidecars (default: the pod's, or POD_NAMESPACE)");
  command
      .add_flag("--leader-elect", flags.cluster.leader_elect,
                "In a cluster, act only while holding the Lease (default: true)")
      ->check(check_boolean)
      ->default_str("true");
  command
      .add_option("--sidecar-selector", flags.cluster.sidecar_selector,
                  "In a cluster without --sidecar: labels of the sidecars' pods")
      ->capture_default_str();
  command.add_option("--sidecar-port", flags.cluster.sidecar_port, "And the port they listen on")
      ->check(CLI::Range(1, 65535))
      ->capture_default_str();
  command.add_option("--sidecar", flags.sidecars, "NAME=unix:PATH, or NAME=HOST:PORT with TLS; repeatable");
  command.add_option("--tls-cert", flags.tls_cert, "Client certificate (PEM) for sidecars on TCP");
  command.add_option("--tls-key", flags.tls_key, "Its key (PEM)");
  command.add_option("--tls-ca", flags.tls_ca,
                     "Authority (PEM) of the sidecars' certificates; each carries its NAME");
  command.add_option("--metrics-address", flags.metrics, "ADDRESS:PORT for /metrics, or off")
      ->capture_default_str();
  command.add_option("--health-address", flags.health, "ADDRESS:PORT for /healthz and /readyz, or off")
      ->capture_default_str();
  command.add_option("--identity", flags.identity,
                     "Name of this operator in the sidecars' logs (default: host and process)");
  command
      .add_option(
          "--resync-period", flags.resync_period,
          "After so long everything is judged anew without a reason: seconds, or with s, m or h; 0: never")
      ->capture_default_str();
  command.add_option("--log-level", flags.log_level, "debug, info, warning or error")->capture_default_str();
  command.add_option("--log-format", flags.log_format, "text or json")->capture_default_str();
  command.set_version_flag("--version", std::string("hawser-operator ") + kProductVersion);
}

Result<std::optional<ListenAddress>> parse_listen(const std::string& flag, const std::string& text) {
  if (text == "off" || text.empty()) return std::optional<ListenAddress>();
  const Error wrong{ErrorCode::InvalidArgument,
                    flag + " '" + text + "': the form is ADDRESS:PORT, for example 0.0.0.0:9449, or off"};
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return wrong;
  const std::string port = text.substr(colon + 1);
  if (port.empty() || port.size() > 5 ||
      !std::ranges::all_of(port, [](unsigned char c) { return std::isdigit(c) != 0; }))
    return wrong;
  const int number = std::stoi(port);
  if (number > 65535) return wrong;
  return std::optional(ListenAddress{text.substr(0, colon), static_cast<uint16_t>(number)});
}

Result<Duration> parse_period(const std::string& flag, const std::string& text) {
  constexpr uint64_t kMost = 8760;  // hours
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, failure] = std::from_chars(text.data(), end, number);
  const std::string_view unit(stopped, static_cast<size_t>(end - stopped));
  const uint64_t scale = unit.empty() || unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  if (failure != std::errc() || scale == 0 || number > kMost * 3600 / scale)
    return Error{ErrorCode::InvalidArgument,
                 flag + " '" + text + "': the form is 90, 90s, 15m or 10h, at most 8760h, or 0 for never"};
  return Duration(std::chrono::seconds(number * scale));
}

Result<std::vector<sidecars::SidecarAddress>> parse_sidecars(const RawFlags& flags) {
  std::vector<sidecars::SidecarAddress> all;
  std::set<std::string> names;
  for (const std::string& text : flags.sidecars) {
    ASSIGN_OR_RETURN(sidecars::SidecarAddress address, sidecars::parse_sidecar_address(text));
    if (!names.insert(address.name).second)
      return Error{ErrorCode::InvalidArgument,
                   "--sidecar '" + text + "': the name '" + address.name + "' is taken; give each its own"};
    if (!address.is_unix()) {
      if (flags.tls_cert.empty() || flags.tls_key.empty() || flags.tls_ca.empty())
        return Error{ErrorCode::InvalidArgument,
                     "--sidecar '" + text + "': a sidecar on TCP needs --tls-cert, --tls-key and --tls-ca"};
      address.tls_certificate = flags.tls_cert;
      address.tls_key = flags.tls_key;
      address.tls_ca = flags.tls_ca;
    }
    all.push_back(std::move(address));
  }
  return all;
}

// --namespace, else where the pod says it is.
Result<std::string> own_namespace(const std::string& flag) {
  if (!flag.empty()) return flag;
  if (std::string name = process_environment("POD_NAMESPACE").value_or(""); !name.empty()) return name;
  std::ifstream file("/var/run/secrets/kubernetes.io/serviceaccount/namespace");
  std::string name;
  if (file && std::getline(file, name) && !name.empty()) return name;
  return Error{
      ErrorCode::InvalidArgument,
      "--namespace is required outside of a pod: the namespace of the operator's Lease and of the sidecars"};
}

// Folders or a cluster.
Result<void> choose_mode(const RawFlags& flags, Options& options) {
  auto usage = [](std::string text) { return Error{ErrorCode::InvalidArgument, std::move(text)}; };
  if (flags.manifests.empty()) {
    if (!flags.status.empty()) return usage("--status goes with --manifests");
    if (!flags.cluster.context.empty() && flags.cluster.kubeconfig.empty())
      return usage("--context goes with --kubeconfig");
    options.cluster = flags.cluster;
    if (!flags.sidecars.empty()) options.cluster->sidecar_selector.clear();
    if (!flags.cluster.leader_elect && !flags.sidecars.empty()) return {};
    ASSIGN_OR_RETURN(options.cluster->namespace_, own_namespace(flags.cluster.namespace_));
    return {};
  }
  if (!flags.cluster.kubeconfig.empty()) return usage("--kubeconfig and --manifests: choose one");
  if (flags.status.empty()) return usage("--status is required with --manifests");
  if (flags.sidecars.empty()) return usage("--sidecar is required with --manifests");
  options.manifests = flags.manifests;
  options.status = flags.status;
  return {};
}

Result<Options> to_options(const RawFlags& flags) {
  Options options;
  RETURN_IF_ERROR(choose_mode(flags, options));
  for (const std::string* file : {&flags.tls_cert, &flags.tls_key, &flags.tls_ca})
    if (!file->empty() && access(file->c_str(), R_OK) != 0)
      return Error{ErrorCode::InvalidArgument, "cannot read the TLS file '" + *file + "'"};
  ASSIGN_OR_RETURN(options.sidecars, parse_sidecars(flags));
  ASSIGN_OR_RETURN(options.metrics, parse_listen("--metrics-address", flags.metrics));
  ASSIGN_OR_RETURN(options.health, parse_listen("--health-address", flags.health));
  ASSIGN_OR_RETURN(options.log_level, parse_log_level(flags.log_level));
  ASSIGN_OR_RETURN(options.log_format, parse_log_format(flags.log_format));
  ASSIGN_OR_RETURN(options.resync_period, parse_period("--resync-period", flags.resync_period));
  options.identity = flags.identity;
  if (options.identity.empty()) {
    char host[256] = {};
    gethostname(host, sizeof host - 1);
    // Host name and process id may be those of another container too.
    uint32_t dice = 0;
    CHECK(getentropy(&dice, sizeof dice) == 0);
    options.identity = std::string(host) + "_" + std::to_string(getpid()) + "_" + std::to_string(dice);
  }
  return options;
}

}  // namespace

ParsedCommandLine parse_command_line(const std::vector<std::string>& arguments) {
  constexpr int kUsage = 2;
  CLI::App command("Turns VPN manifests into tunnels: checks them, tells the sidecars, writes their status.",
                   "hawser-operator");
  RawFlags flags;
  declare(command, flags);
  auto usage = [](const std::string& why) {
    return ParsedCommandLine{std::nullopt, "hawser-operator: " + why + " (see --help)\n", kUsage};
  };
  try {
    // CLI11 takes them from the back.
    command.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    return {std::nullopt, command.help(), 0};
  } catch (const CLI::CallForVersion&) {
    return {std::nullopt, command.version() + "\n", 0};
  } catch (const CLI::Error& e) {
    std::string why = e.what();
    std::ranges::replace(why, '\n', ' ');
    return usage(why);
  }
  auto options = to_options(flags);
  if (!options) return usage(options.error().message);
  return {*std::move(options), "", 0};
}

}  // namespace hawser::app
