#include "operator/kube/config/proxy.h"

#include <algorithm>
#include <sstream>

#include "common/base/ip.h"
#include "operator/api/text.h"

namespace hawser::kube {
namespace {

// "https://[2001:db8::1]:6443/path" to "2001:db8::1".
std::string host_of(const std::string& url) {
  const size_t scheme = url.find("://");
  std::string rest = scheme == std::string::npos ? url : url.substr(scheme + 3);
  rest = rest.substr(0, rest.find('/'));
  if (rest.starts_with('[')) return rest.substr(1, rest.find(']') - 1);
  return rest.substr(0, rest.find(':'));
}

// One entry of NO_PROXY, as curl and Go read it: "*", an address, a CIDR, a name or the end of one ("corp",
// ".corp", "*.corp"), a port behind it or not.
bool leaves_out(std::string entry, const std::string& host) {
  if (entry.starts_with("*.")) entry.erase(0, 1);
  // More than one colon: an IPv6 address.
  if (std::ranges::count(entry, ':') == 1) entry.resize(entry.find(':'));
  if (entry == "*" || entry == host) return true;
  const auto address = IpAddress::parse(host);
  if (address) {
    const auto prefix = IpPrefix::parse(entry);
    return prefix && prefix->contains(*address);
  }
  const std::string end = entry.starts_with('.') ? entry : "." + entry;
  return host.ends_with(end);
}

}  // namespace

std::string proxy_variable(const std::string& url, const Environment& environment) {
  const bool secure = url.starts_with("https:");
  const std::string host = api::lower(host_of(url));
  const auto address = IpAddress::parse(host);
  if (host == "localhost" || (address && address->is_loopback())) return {};
  for (const char* name : {"NO_PROXY", "no_proxy"}) {
    std::istringstream list(environment(name).value_or(""));
    for (std::string entry; std::getline(list, entry, ',');) {
      std::erase(entry, ' ');
      if (!entry.empty() && leaves_out(api::lower(entry), host)) return {};
    }
  }
  for (const char* name : {secure ? "HTTPS_PROXY" : "HTTP_PROXY", secure ? "https_proxy" : "http_proxy"})
    if (!environment(name).value_or("").empty()) return name;
  return {};
}

std::string proxy_warning(const std::string& url) {
  const std::string variable = proxy_variable(url, process_environment);
  if (variable.empty()) return {};
  return variable + " is set, and proxies are not supported yet: " + url +
         " is connected to directly; add its host to NO_PROXY, or make it reachable";
}

}  // namespace hawser::kube
