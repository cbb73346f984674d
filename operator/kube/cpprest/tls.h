#pragma once

#include <mutex>
#include <string>

#include "operator/kube/http_transport.h"

struct ssl_ctx_st;
struct x509_store_ctx_st;

namespace hawser::kube {

// InvalidArgument, naming the file or the kubeconfig's field: a file cannot be read, what it holds is not
// what it should be, or a client certificate stands without its key.
Result<void> check_tls(const TlsFiles& tls);

// How to meet one server, for every connection to it. Safe to call from several threads.
class TlsSetup {
 public:
  // `host` is that of the URL.
  TlsSetup(TlsFiles tls, std::string host) : tls_(std::move(tls)), host_(std::move(host)) {}
  // Called for each new connection. It must not throw: a file that went bad meanwhile leaves an empty trust
  // store or no client certificate, and the handshake fails with a reason. This object outlives `context`.
  void prepare(ssl_ctx_st* context);
  // Why the latest certificate was not trusted; empty: it was, or none came. The library keeps that to
  // itself.
  std::string refusal() const;

 private:
  static int verify(x509_store_ctx_st* store, void* self);

  const TlsFiles tls_;
  const std::string host_;
  mutable std::mutex mutex_;
  std::string refusal_;
};

}  // namespace hawser::kube
