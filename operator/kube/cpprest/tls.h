#pragma once

#include <memory>
#include <string>

#include "operator/kube/http_transport.h"

struct ssl_ctx_st;

namespace hawser::kube {

// InvalidArgument when a file cannot be read, or a client certificate stands without its key.
Result<void> check_tls(const TlsFiles& tls);

// Called for each new connection to `host`. It must not throw: a file that went bad meanwhile leaves an empty
// trust store or no client certificate, and the handshake fails with a reason.
void prepare_tls(const TlsFiles& tls, const std::string& host, ssl_ctx_st* context);

}  // namespace hawser::kube
