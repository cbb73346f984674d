#include "operator/sidecars/sidecar_address.h"

#include <algorithm>
#include <cctype>

namespace hawser::sidecars {
namespace {

// A DNS-1123 subdomain, as a node's name is.
bool is_node_name(const std::string& name) {
  return !name.empty() && name.size() <= 253 && std::isalnum(static_cast<unsigned char>(name.front())) != 0 &&
         std::isalnum(static_cast<unsigned char>(name.back())) != 0 &&
         std::ranges::all_of(name, [](unsigned char c) {
           return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '-' || c == '.';
         });
}

bool is_host_port(const std::string& target) {
  const size_t colon = target.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  const std::string host = target.substr(0, colon);
  const std::string port = target.substr(colon + 1);
  if (host.find(':') != std::string::npos && (host.front() != '[' || host.back() != ']')) return false;
  if (host.find('/') != std::string::npos || port.empty() || port.size() > 5) return false;
  if (!std::ranges::all_of(port, [](unsigned char c) { return std::isdigit(c) != 0; })) return false;
  const int number = std::stoi(port);
  return number >= 1 && number <= 65535;
}

}  // namespace

Result<SidecarAddress> parse_sidecar_address(const std::string& text) {
  auto wrong = [&](const std::string& what) {
    return Error{ErrorCode::InvalidArgument,
                 "--sidecar '" + text + "': " + what + "; the form is NAME=unix:PATH or NAME=HOST:PORT"};
  };
  const size_t equals = text.find('=');
  if (equals == std::string::npos) return wrong("'=' is missing");
  SidecarAddress address;
  address.name = text.substr(0, equals);
  address.target = text.substr(equals + 1);
  if (!is_node_name(address.name))
    return wrong("NAME must be a node's name (lower case letters, digits, '-' and '.')");
  if (address.is_unix()) {
    const size_t length = address.target.size() - std::string("unix:").size();
    if (length == 0) return wrong("the path is missing");
    // sun_path holds 108 octets with the final zero.
    if (length > 107) return wrong("a path of a unix socket has at most 107 characters");
    return address;
  }
  if (!is_host_port(address.target))
    return wrong("'" + address.target + "' is neither unix:PATH nor HOST:PORT");
  return address;
}

}  // namespace hawser::sidecars
