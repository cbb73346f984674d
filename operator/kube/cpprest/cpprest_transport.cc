#include "operator/kube/cpprest/cpprest_transport.h"

#include <cpprest/http_client.h>

#include <condition_variable>
#include <mutex>
#include <utility>

#include "operator/kube/cpprest/cpprest_exchange.h"
#include "operator/kube/cpprest/tls.h"

namespace hawser::kube {
namespace {

namespace http = web::http;

// The library's own limit counts any octet and is the same for all requests. Ours, by request, are shorter.
constexpr std::chrono::hours kLibraryTimeout{24};

http::client::http_client_config configuration(bool check_certificates, std::shared_ptr<TlsSetup> tls) {
  http::client::http_client_config config;
  config.set_max_redirects(0);
  config.set_timeout(kLibraryTimeout);
  config.set_validate_certificates(check_certificates);
  config.set_ssl_context_callback(
      [tls](boost::asio::ssl::context& context) { tls->prepare(context.native_handle()); });
  return config;
}

// Cancels when it dies.
class Handle final : public HttpExchange {
 public:
  explicit Handle(std::shared_ptr<CpprestExchange> exchange) : exchange_(std::move(exchange)) {}
  ~Handle() override { exchange_->cancel(); }

 private:
  std::shared_ptr<CpprestExchange> exchange_;
};

// Collects the events of one exchange for a caller that waits.
class Collector {
 public:
  explicit Collector(size_t limit) : limit_(limit) {}
  void take(HttpEvent event) {
    std::lock_guard lock(mutex_);
    if (over_) return;
    using Type = HttpEvent::Type;
    if (event.type == Type::Head) {
      response_.status = event.status;
      response_.headers = std::move(event.headers);
    }
    if (event.type == Type::Data) response_.body += event.text;
    if (event.type == Type::Failed) error_ = {ErrorCode::Unavailable, event.text};
    if (response_.body.size() > limit_)
      error_ = {ErrorCode::InvalidArgument,
                "the answer is larger than the " + std::to_string(limit_) + " octets allowed"};
    over_ = event.type == Type::End || !error_.message.empty();
    if (over_) done_.notify_all();
  }
  Result<HttpResponse> wait() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return over_; });
    if (!error_.message.empty()) return error_;
    return std::move(response_);
  }

 private:
  const size_t limit_;
  std::mutex mutex_;
  std::condition_variable done_;
  bool over_ = false;
  HttpResponse response_;
  Error error_;
};

}  // namespace

struct CpprestTransport::Impl {
  std::string base_url;
  std::string server_name;
  std::shared_ptr<TlsSetup> tls;
  http::client::http_client client;
};

CpprestTransport::CpprestTransport(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CpprestTransport::~CpprestTransport() = default;

Result<std::unique_ptr<CpprestTransport>> CpprestTransport::create(const std::string& base_url,
                                                                   TlsFiles tls) {
  RETURN_IF_ERROR(check_tls(tls));
  if (holds_user_info(base_url))
    return Error{ErrorCode::InvalidArgument,
                 "the server's URL holds a user name or password; give them as username and password of a "
                 "kubeconfig's user"};
  try {
    web::uri url(base_url);
    if (url.scheme() != "http" && url.scheme() != "https")
      return Error{ErrorCode::InvalidArgument,
                   "'" + base_url + "': the URL must begin with http:// or https://"};
    if (url.host().starts_with('['))
      return Error{ErrorCode::Unsupported,
                   "'" + base_url +
                       "': the HTTP library cannot connect to an IPv6 address; give a "
                       "name that resolves to it (tls-server-name may differ)"};
    // An address is no name to send.
    std::string name = tls.server_name.find(':') == std::string::npos ? tls.server_name : "";
    const bool check = !tls.insecure_skip_verify;
    auto setup = std::make_shared<TlsSetup>(std::move(tls), url.host());
    http::client::http_client client(url, configuration(check, setup));
    return std::unique_ptr<CpprestTransport>(new CpprestTransport(
        std::unique_ptr<Impl>(new Impl{base_url, std::move(name), std::move(setup), std::move(client)})));
  } catch (const std::exception& e) {
    return Error{ErrorCode::InvalidArgument, "'" + base_url + "' is not a URL: " + e.what()};
  }
}

std::unique_ptr<HttpExchange> CpprestTransport::start(HttpRequest request, Sink sink) {
  Sink naming_the_server = [url = impl_->base_url, sink = std::move(sink)](HttpEvent event) {
    if (event.type == HttpEvent::Type::Failed) event.text = url + ": " + event.text;
    sink(std::move(event));
  };
  auto exchange = std::make_shared<CpprestExchange>(std::move(request), impl_->server_name, impl_->tls,
                                                    std::move(naming_the_server));
  exchange->run(impl_->client);
  return std::make_unique<Handle>(std::move(exchange));
}

Result<HttpResponse> CpprestTransport::send(const HttpRequest& request) {
  Collector collector(request.max_response_size);
  auto exchange = start(request, [&collector](HttpEvent event) { collector.take(std::move(event)); });
  auto response = collector.wait();
  if (response) return response;
  return Error{response.error().code,
               std::string(to_string(request.method)) + " " + request.path + ": " + response.error().message};
}

}  // namespace hawser::kube
