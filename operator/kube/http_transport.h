#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/base/secret.h"

// HTTP as the Kubernetes client needs it. Everything above this interface knows no HTTP library.
namespace hawser::kube {

enum class HttpMethod : uint8_t { Get, Put, Patch, Post };
constexpr const char* to_string(HttpMethod method) {
  constexpr const char* kNames[] = {"GET", "PUT", "PATCH", "POST"};
  return kNames[static_cast<size_t>(method)];
}

// Whether a user name or password stands in the URL: it must not be shown then.
inline bool holds_user_info(const std::string& url) {
  const size_t scheme = url.find("://");
  const size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  const size_t at = url.find('@', begin);
  return at != std::string::npos && at < url.find_first_of("/?#", begin);
}

struct HttpRequest {
  HttpMethod method = HttpMethod::Get;
  std::string path{};  // path and query, already escaped: "/api/v1/secrets?limit=500"
  std::map<std::string, std::string> headers{};
  std::string body{};
  Duration timeout = std::chrono::seconds(30);  // for the whole exchange, body included; zero: none (a watch)
  Duration idle_timeout{};                      // without an octet of the answer; zero: none
  size_t max_response_size = size_t{64} << 20;  // octets of the body; of a stream: of nothing
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// What an exchange brings, in this order: one Head, any number of Data, one End; or Failed in place of any.
struct HttpEvent {
  enum class Type : uint8_t { Head, Data, End, Failed };
  Type type = Type::Failed;
  int status = 0;                                // Head
  std::map<std::string, std::string> headers{};  // Head; names in lower case
  std::string text{};                            // Data: octets, cut anywhere; Failed: why
};

// One exchange under way. Destroying it cancels it; no event is delivered once the destructor has returned.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
};

// What a client trusts and shows. Files of PEM, empty: not used; they are read again for every new
// connection, so a rotated file needs no restart. PEM text beats the file of the same name.
struct TlsFiles {
  std::string ca{};           // empty, and no ca_pem: nothing is trusted
  std::string certificate{};  // client certificate and its key: both or none
  std::string key{};
  std::string ca_pem{};
  std::string certificate_pem{};
  SecretBytes key_pem{};
  std::string server_name{};          // the name that the certificate must have; empty: the host of the URL
  bool insecure_skip_verify = false;  // any certificate will do
};

// One server. Safe to call from several threads.
class HttpTransport {
 public:
  // Called from the transport's threads, one event after another; it must only note the event down.
  using Sink = std::function<void(HttpEvent)>;

  virtual ~HttpTransport() = default;
  // Blocks its caller only. Any status of the server is a value. Unavailable: no answer (refused, reset,
  // timed out, TLS not trusted); InvalidArgument: the answer is larger than max_response_size.
  virtual Result<HttpResponse> send(const HttpRequest& request) = 0;
  // Never blocks. The transport outlives the exchange.
  virtual std::unique_ptr<HttpExchange> start(HttpRequest request, Sink sink) = 0;
};

}  // namespace hawser::kube
