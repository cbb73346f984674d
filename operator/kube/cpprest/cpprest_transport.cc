#include "operator/kube/cpprest/cpprest_transport.h"

#include <cpprest/http_client.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace hawser::kube {
namespace {

namespace http = web::http;
using Steady = std::chrono::steady_clock;

// How one task of the library ended. Shared with its continuation, which may outlive the caller's patience.
template <typename T>
struct Outcome {
  std::mutex mutex;
  std::condition_variable done;
  bool finished = false;
  std::optional<T> value;
  std::string error;
};

// Waits for `task` until `deadline`, then cancels it. The continuation observes every exception: an
// unobserved one would end the process. `keep` lives until the task is over, even when nobody waits any more.
template <typename T, typename Keep>
Result<T> wait(pplx::task<T> task, Steady::time_point deadline, pplx::cancellation_token_source& cancel,
               Keep keep) {
  auto outcome = std::make_shared<Outcome<T>>();
  task.then([outcome, keep](pplx::task<T> finished) {
    std::optional<T> value;
    std::string error;
    try {
      value = finished.get();
    } catch (const std::exception& e) {
      error = e.what();
    } catch (...) {
      error = "unknown failure of the HTTP library";
    }
    std::lock_guard lock(outcome->mutex);
    outcome->value = std::move(value);
    outcome->error = std::move(error);
    outcome->finished = true;
    outcome->done.notify_all();
  });
  std::unique_lock lock(outcome->mutex);
  if (!outcome->done.wait_until(lock, deadline, [&] { return outcome->finished; })) {
    lock.unlock();
    cancel.cancel();
    return Error{ErrorCode::Unavailable, "no complete answer in time"};
  }
  if (!outcome->value) return Error{ErrorCode::Unavailable, outcome->error};
  return *std::move(outcome->value);
}

http::http_request make_request(const HttpRequest& request) {
  http::http_request message(to_string(request.method));
  message.set_request_uri(web::uri(request.path));
  for (const auto& [name, value] : request.headers) message.headers().add(name, value);
  auto type = request.headers.find("Content-Type");
  // From a vector, which is seekable: the library sends again when a pooled connection proves dead.
  if (!request.body.empty()) {
    message.set_body(std::vector<unsigned char>(request.body.begin(), request.body.end()));
    message.headers().set_content_type(type == request.headers.end() ? "application/json" : type->second);
  }
  return message;
}

// The response task completes at the headers; the body flows in afterwards and is read piece by piece, so
// that its size can be limited.
Result<std::string> read_body(const http::http_response& response, size_t limit, Steady::time_point deadline,
                              pplx::cancellation_token_source& cancel) {
  constexpr size_t kPiece = size_t{64} << 10;
  std::string body;
  auto stream = response.body();
  while (true) {
    concurrency::streams::container_buffer<std::string> piece;
    ASSIGN_OR_RETURN(size_t count, wait(stream.read(piece, kPiece), deadline, cancel, piece));
    if (count == 0) return body;
    // The collection is as long as the piece asked for, whatever came.
    body.append(piece.collection(), 0, count);
    if (body.size() <= limit) continue;
    cancel.cancel();
    return Error{ErrorCode::InvalidArgument,
                 "the answer is larger than the " + std::to_string(limit) + " octets allowed"};
  }
}

HttpResponse make_response(const http::http_response& response, std::string body) {
  HttpResponse out;
  out.status = response.status_code();
  for (const auto& [name, value] : response.headers()) {
    std::string lower = name;
    std::ranges::transform(lower, lower.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    out.headers[lower] = value;
  }
  out.body = std::move(body);
  return out;
}

// Called by the library for each new connection. It must not throw: a file that went bad meanwhile leaves an
// empty trust store or no client certificate, and the handshake fails with a reason.
void prepare_tls(const TlsFiles& files, boost::asio::ssl::context& context) {
  SSL_CTX* ctx = context.native_handle();
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  // The library has loaded the system's trust store: a certificate of any public CA would do.
  SSL_CTX_set_cert_store(ctx, X509_STORE_new());
  if (!files.ca.empty()) SSL_CTX_load_verify_file(ctx, files.ca.c_str());
  if (files.certificate.empty()) return;
  SSL_CTX_use_certificate_chain_file(ctx, files.certificate.c_str());
  SSL_CTX_use_PrivateKey_file(ctx, files.key.c_str(), SSL_FILETYPE_PEM);
}

Result<void> check_files(const TlsFiles& tls) {
  for (const std::string* file : {&tls.ca, &tls.certificate, &tls.key})
    if (!file->empty() && access(file->c_str(), R_OK) != 0)
      return Error{ErrorCode::InvalidArgument, "cannot read the TLS file '" + *file + "'"};
  if (tls.certificate.empty() != tls.key.empty())
    return Error{ErrorCode::InvalidArgument, "a client certificate needs its key, and a key its certificate"};
  return {};
}

}  // namespace

struct CpprestTransport::Impl {
  std::string base_url;
  http::client::http_client client;
  Impl(const std::string& url, const http::client::http_client_config& config)
      : base_url(url), client(web::uri(url), config) {}
};

CpprestTransport::CpprestTransport(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CpprestTransport::~CpprestTransport() = default;

Result<std::unique_ptr<CpprestTransport>> CpprestTransport::create(const std::string& base_url,
                                                                   const TlsFiles& tls) {
  RETURN_IF_ERROR(check_files(tls));
  http::client::http_client_config config;
  config.set_max_redirects(0);
  config.set_ssl_context_callback([tls](boost::asio::ssl::context& context) { prepare_tls(tls, context); });
  try {
    web::uri uri(base_url);
    if (uri.scheme() != "http" && uri.scheme() != "https")
      return Error{ErrorCode::InvalidArgument,
                   "'" + base_url + "': the URL must begin with http:// or https://"};
    return std::unique_ptr<CpprestTransport>(new CpprestTransport(std::make_unique<Impl>(base_url, config)));
  } catch (const std::exception& e) {
    return Error{ErrorCode::InvalidArgument, "'" + base_url + "' is not a URL: " + e.what()};
  }
}

Result<HttpResponse> CpprestTransport::send(const HttpRequest& request) {
  const auto deadline = Steady::now() + request.timeout;
  pplx::cancellation_token_source cancel;
  auto failed = [&](const Error& error) {
    return Error{error.code, std::string(to_string(request.method)) + " " + impl_->base_url + request.path +
                                 ": " + error.message};
  };
  try {
    auto response =
        wait(impl_->client.request(make_request(request), cancel.get_token()), deadline, cancel, 0);
    if (!response) return failed(response.error());
    auto body = read_body(*response, request.max_response_size, deadline, cancel);
    if (!body) return failed(body.error());
    return make_response(*response, *std::move(body));
  } catch (const std::exception& e) {
    return failed({ErrorCode::InvalidArgument, e.what()});
  }
}

}  // namespace hawser::kube
