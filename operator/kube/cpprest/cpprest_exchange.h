#pragma once

#include <cpprest/http_client.h>

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "operator/kube/cpprest/tls.h"
#include "operator/kube/http_transport.h"

namespace hawser::kube {

// One exchange on cpprestsdk. The library's tasks and the timer share it, so it outlives the caller's
// interest until the last of them has ended.
class CpprestExchange : public std::enable_shared_from_this<CpprestExchange> {
 public:
  // `tls` is set for https.
  CpprestExchange(HttpRequest request, std::string server_name, std::shared_ptr<const TlsSetup> tls,
                  HttpTransport::Sink sink);
  // Call once.
  void run(web::http::client::http_client& client);
  // Nothing is delivered once this has returned.
  void cancel();

 private:
  using Steady = std::chrono::steady_clock;

  web::http::http_request message() const;
  void set_body(web::http::http_request& message, const std::string& type) const;
  void read_head(const web::http::http_response& response);
  void read_next();
  void take_piece();
  uint8_t* octets() { return reinterpret_cast<uint8_t*>(piece_.data()); }
  void arm();
  void check_time();
  void note_activity();
  void deliver(HttpEvent event);
  void fail(const std::string& why);
  void fail_by_library(const std::string& why);
  template <typename T, typename Next>
  void then(pplx::task<T> task, Next next);

  const HttpRequest request_;
  const std::string server_name_;
  const std::shared_ptr<const TlsSetup> tls_;
  pplx::cancellation_token_source cancellation_;
  concurrency::streams::streambuf<uint8_t> body_;  // belongs to the chain of tasks
  std::string piece_;                              // likewise
  std::mutex mutex_;                               // all below
  HttpTransport::Sink sink_;                       // empty: over
  boost::asio::steady_timer timer_;
  Steady::time_point deadline_ = Steady::time_point::max();
  Steady::time_point last_activity_;
};

}  // namespace hawser::kube
