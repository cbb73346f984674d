#include "operator/kube/cpprest/health_listener.h"

#include <cpprest/http_listener.h>

#include <utility>

namespace hawser::kube {
namespace {

namespace http = web::http;

// The reply's task is observed, because a client that hangs up early makes it throw.
void reply(const http::http_request& request, http::status_code code, const std::string& text) {
  request.reply(code, text + "\n", "text/plain; charset=utf-8").then([](pplx::task<void> sent) {
    try {
      sent.get();
    } catch (...) {
      // The client is gone: there is nobody left to tell.
    }
  });
}

void answer(const HealthListener::Checks& checks, const http::http_request& request) {
  const std::string path = request.request_uri().path();
  const HealthListener::Check* check = path == "/healthz"  ? &checks.healthy
                                       : path == "/readyz" ? &checks.ready
                                                           : nullptr;
  if (check == nullptr)
    return reply(request, http::status_codes::NotFound, "only /healthz and /readyz are here");
  const std::string problem = (*check)();
  if (problem.empty()) return reply(request, http::status_codes::OK, "ok");
  reply(request, http::status_codes::ServiceUnavailable, problem);
}

}  // namespace

struct HealthListener::Impl {
  http::experimental::listener::http_listener listener;
  explicit Impl(const web::uri& uri) : listener(uri) {}
};

HealthListener::HealthListener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HealthListener::~HealthListener() {
  try {
    impl_->listener.close().wait();
  } catch (...) {
    // Closing at exit: the socket goes with the process.
  }
}

Result<std::unique_ptr<HealthListener>> HealthListener::start(const std::string& host, uint16_t port,
                                                              Checks checks) {
  if (host.find(':') != std::string::npos)
    return Error{ErrorCode::Unsupported,
                 "cannot listen on [" + host + "]: the health port takes an IPv4 address"};
  const std::string authority = host + ":" + std::to_string(port);
  try {
    auto impl = std::make_unique<Impl>(web::uri("http://" + authority + "/"));
    impl->listener.support(http::methods::GET,
                           [checks](const http::http_request& request) { answer(checks, request); });
    impl->listener.open().wait();
    return std::unique_ptr<HealthListener>(new HealthListener(std::move(impl)));
  } catch (const std::exception& e) {
    return Error{ErrorCode::Unavailable, "cannot listen on " + authority + ": " + e.what()};
  }
}

}  // namespace hawser::kube
