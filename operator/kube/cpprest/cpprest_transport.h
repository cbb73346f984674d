#pragma once

#include <memory>
#include <string>

#include "operator/kube/http_transport.h"

namespace hawser::kube {

// HttpTransport on cpprestsdk: HTTP/1.1, keep-alive, no redirects, no proxy. TLS 1.2 or newer, with the
// system's trust store replaced by `tls.ca` and the server's name checked. Long-lived: own one for each
// server and purpose.
class CpprestTransport final : public HttpTransport {
 public:
  // "http://127.0.0.1:8001" or "https://name:6443/base". InvalidArgument when the URL or a file is unusable;
  // Unsupported when the host is an IPv6 address: the library hands it to the resolver in its brackets.
  static Result<std::unique_ptr<CpprestTransport>> create(const std::string& base_url, TlsFiles tls);
  ~CpprestTransport() override;
  Result<HttpResponse> send(const HttpRequest& request) override;
  std::unique_ptr<HttpExchange> start(HttpRequest request, Sink sink) override;

 private:
  struct Impl;
  explicit CpprestTransport(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hawser::kube
