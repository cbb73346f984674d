#include "operator/app/options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <set>

#include "operator/app/version.h"

namespace hawser::app {
namespace {

struct RawFlags {
  std::string manifests, status, tls_cert, tls_key, tls_ca, identity;
  std::vector<std::string> sidecars;
  std::string metrics = "0.0.0.0:9449";
  std::string health = "0.0.0.0:9450";
  std::string log_level = "info";
  std::string log_format = "text";
};

void declare(CLI::App& command, RawFlags& flags) {
  command.add_option("--manifests", flags.manifests, "Folder of manifests (*.yaml, *.yml, *.json)")
      ->required();
  command.add_option("--status", flags.status, "Folder for the status of each object; made when missing")
      ->required();
  command.add_option("--sidecar", flags.sidecars, "NAME=unix:PATH, or NAME=HOST:PORT with TLS; repeatable")
      ->required();
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
  command.add_option("--log-level", flags.log_level, "debug, info, warning or error")->capture_default_str();
  command.add_option("--log-format", flags.log_format, "text or json")->capture_default_str();
  command.set_version_flag("--version", std::string("hawser-operator ") + kVersion);
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

Result<Options> to_options(const RawFlags& flags) {
  Options options;
  options.manifests = flags.manifests;
  options.status = flags.status;
  for (const std::string* file : {&flags.tls_cert, &flags.tls_key, &flags.tls_ca})
    if (!file->empty() && access(file->c_str(), R_OK) != 0)
      return Error{ErrorCode::InvalidArgument, "cannot read the TLS file '" + *file + "'"};
  ASSIGN_OR_RETURN(options.sidecars, parse_sidecars(flags));
  ASSIGN_OR_RETURN(options.metrics, parse_listen("--metrics-address", flags.metrics));
  ASSIGN_OR_RETURN(options.health, parse_listen("--health-address", flags.health));
  ASSIGN_OR_RETURN(options.log_level, parse_log_level(flags.log_level));
  ASSIGN_OR_RETURN(options.log_format, parse_log_format(flags.log_format));
  options.identity = flags.identity;
  if (options.identity.empty()) {
    char host[256] = {};
    gethostname(host, sizeof host - 1);
    options.identity = std::string(host) + "_" + std::to_string(getpid());
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
