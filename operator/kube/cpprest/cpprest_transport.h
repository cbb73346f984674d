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
  // "http://127.0.0.1:8001" or "https://[2001:db8::1]:6443". InvalidArgument when the URL or a file is
  // unusable.
  static Result<std::unique_ptr<CpprestTransport>> create(const std::string& base_url, const TlsFiles& tls);
  ~CpprestTransport() override;
  Result<HttpResponse> send(const HttpRequest& request) override;

 private:
  struct Impl;
  explicit CpprestTransport(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hawser::kube
