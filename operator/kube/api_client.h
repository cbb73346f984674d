#pragma once

#include <functional>
#include <memory>
#include <string>

#include "operator/kube/client.h"
#include "operator/kube/credentials.h"
#include "operator/kube/http_transport.h"

namespace hawser::kube {

// "hawser-operator/0.1.0 (linux/amd64)"
std::string user_agent(const std::string& program, const std::string& version);

struct ClientOptions {
  std::string user_agent{};
  size_t max_answer = size_t{256} << 20;  // octets of one call's answer
  size_t max_line = size_t{16} << 20;     // octets of one event of a watch
};

// The Client over an HTTP transport. `wake` is called from the transport's threads when step() has something
// to take in; it must be quick. Transport and credentials outlive the client. Calls may be destroyed after
// it.
std::unique_ptr<Client> make_client(HttpTransport& transport, Credentials& credentials, ClientOptions options,
                                    std::function<void()> wake);

// metav1.Status as an error; also the object of a watch's ERROR event.
ApiError error_from_status(const nlohmann::json& status);

}  // namespace hawser::kube
