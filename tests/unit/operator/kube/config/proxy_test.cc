#include "operator/kube/config/proxy.h"

#include <gtest/gtest.h>

#include <map>

namespace hawser::kube {
namespace {

std::string asked(const std::string& url, const std::map<std::string, std::string>& environment) {
  return proxy_variable(url, [&](const char* name) {
    auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(Proxy, IsNamedByTheVariableOfTheScheme) {
  EXPECT_EQ(asked("https://a.example:6443", {}), "");
  EXPECT_EQ(asked("https://a.example:6443", {{"HTTPS_PROXY", "http://p:3128"}}), "HTTPS_PROXY");
  EXPECT_EQ(asked("https://a.example:6443", {{"https_proxy", "http://p:3128"}}), "https_proxy");
  EXPECT_EQ(asked("https://a.example:6443", {{"HTTPS_PROXY", ""}}), "");
  EXPECT_EQ(asked("https://a.example:6443", {{"HTTP_PROXY", "http://p:3128"}}), "");
  EXPECT_EQ(asked("http://a.example", {{"HTTP_PROXY", "http://p:3128"}}), "HTTP_PROXY");
}

TEST(Proxy, IsNotForWhatNoProxyLeavesOut) {
  auto with = [](const std::string& url, const std::string& no_proxy) {
    return asked(url, {{"HTTPS_PROXY", "http://p:3128"}, {"NO_PROXY", no_proxy}});
  };
  for (const char* no_proxy : {"*", "api.example", "example", ".example", "other, api.example", "*.example",
                               "API.Example", "api.example:6443"})
    EXPECT_EQ(with("https://api.example:6443", no_proxy), "") << no_proxy;
  for (const char* no_proxy : {"", "pi.example", "api.example.org", "10.0.0.0/8"})
    EXPECT_EQ(with("https://api.example:6443", no_proxy), "HTTPS_PROXY") << no_proxy;
  EXPECT_EQ(with("https://10.96.0.1:443", "10.0.0.0/8"), "");
  EXPECT_EQ(with("https://10.96.0.1:443", "10.96.0.1"), "");
  EXPECT_EQ(with("https://10.96.0.1:443", "10.96.1.0/24"), "HTTPS_PROXY");
  EXPECT_EQ(with("https://[2001:db8::1]:6443/x", "2001:db8::/32"), "");
  EXPECT_EQ(with("https://127.0.0.1:6443", ""), "") << "nobody sends loopback to a proxy";
}

}  // namespace
}  // namespace hawser::kube
