#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"

// HTTP as the Kubernetes client needs it. Everything above this interface knows no HTTP library.
namespace hawser::kube {

enum class HttpMethod : uint8_t { Get, Put, Patch, Post };
constexpr const char* to_string(HttpMethod method) {
  constexpr const char* kNames[] = {"GET", "PUT", "PATCH", "POST"};
  return kNames[static_cast<size_t>(method)];
}

struct HttpRequest {
  HttpMethod method = HttpMethod::Get;
  std::string path{};  // path and query, already escaped: "/api/v1/secrets?limit=500"
  std::map<std::string, std::string> headers{};
  std::string body{};
  Duration timeout = std::chrono::seconds(30);  // for the whole exchange, body included; zero: none (a watch)
  Duration idle_timeout{};                      // between two octets of the answer; zero: none
  size_t max_response_size = size_t{64} << 20;  // octets of the body; of a stream: of nothing
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// Files of PEM; empty: not used. They are read again for every new connection, so a rotated file needs no
// restart.
struct TlsFiles {
  std::string ca{};           // empty: nothing is trusted
  std::string certificate{};  // client certificate and its key: both or none
  std::string key{};
};

// One server. Safe to call from several threads.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  // Blocks its caller only. Any status of the server is a value. Unavailable: no answer (refused, reset,
  // timed out, TLS not trusted); InvalidArgument: the answer is larger than max_response_size.
  virtual Result<HttpResponse> send(const HttpRequest& request) = 0;
};

}  // namespace hawser::kube
