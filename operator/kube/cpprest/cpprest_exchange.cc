#include "operator/kube/cpprest/cpprest_exchange.h"

// Boost 1.74 uses std::exchange without its header.
#include <utility>
//
#include <cpprest/producerconsumerstream.h>
#include <pplx/threadpool.h>

#include <algorithm>
#include <cctype>

namespace hawser::kube {
namespace {

namespace http = web::http;

constexpr size_t kPiece = size_t{64} << 10;

HttpEvent head_of(const http::http_response& response) {
  HttpEvent event{.type = HttpEvent::Type::Head};
  event.status = response.status_code();
  for (const auto& [name, value] : response.headers()) {
    std::string lower = name;
    std::ranges::transform(lower, lower.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    event.headers[lower] = value;
  }
  return event;
}

}  // namespace

CpprestExchange::CpprestExchange(HttpRequest request, std::string server_name,
                                 std::shared_ptr<const TlsSetup> tls, HttpTransport::Sink sink)
    : request_(std::move(request)),
      server_name_(std::move(server_name)),
      tls_(std::move(tls)),
      sink_(std::move(sink)),
      timer_(crossplat::threadpool::shared_instance().service()),
      last_activity_(Steady::now()) {
  if (request_.timeout.count() > 0) deadline_ = last_activity_ + request_.timeout;
}

// Runs `next` with the task's value on a thread of the library. Every exception ends here: one that nobody
// looks at would end the process.
template <typename T, typename Next>
void CpprestExchange::then(pplx::task<T> task, Next next) {
  task.then([self = shared_from_this(), next](pplx::task<T> finished) {
    try {
      next(finished.get());
    } catch (const std::exception& e) {
      self->fail_by_library(e.what());
    } catch (...) {
      self->fail("unknown failure of the HTTP library");
    }
  });
}

void CpprestExchange::run(http::client::http_client& client) {
  {
    std::lock_guard lock(mutex_);
    arm();
  }
  try {
    then(client.request(message(), cancellation_.get_token()),
         [this](const http::http_response& response) { read_head(response); });
  } catch (const std::exception& e) {
    // Never inside start(): the caller is not ready for an event yet.
    crossplat::threadpool::shared_instance().service().post(
        [self = shared_from_this(), why = std::string(e.what())] { self->fail(why); });
  }
}

// When a kept connection dies under a request, the library sends it again by itself if it can read the body
// again. What creates must not be sent twice, so its body can be read once only.
void CpprestExchange::set_body(http::http_request& message, const std::string& type) const {
  const std::vector<uint8_t> octets(request_.body.begin(), request_.body.end());
  if (request_.method != HttpMethod::Post) {
    message.set_body(octets);
    message.headers().set_content_type(type);
    return;
  }
  concurrency::streams::producer_consumer_buffer<uint8_t> once;
  once.putn_nocopy(octets.data(), octets.size()).wait();
  once.close(std::ios_base::out).wait();
  message.set_body(once.create_istream(), octets.size(), type);
}

http::http_request CpprestExchange::message() const {
  http::http_request message(to_string(request_.method));
  message.set_request_uri(web::uri(request_.path));
  for (const auto& [name, value] : request_.headers) message.headers().add(name, value);
  // The library takes the name that it sends in the TLS handshake from here.
  if (!server_name_.empty()) message.headers().add("Host", server_name_);
  auto type = request_.headers.find("Content-Type");
  if (!request_.body.empty())
    set_body(message, type == request_.headers.end() ? "application/json" : type->second);
  return message;
}

void CpprestExchange::read_head(const http::http_response& response) {
  body_ = response.body().streambuf();
  deliver(head_of(response));
  read_next();
}

// The response task completes at the headers; the body flows in afterwards. The library's buffer answers a
// read of many octets only when it has them all, so one is waited for and the rest is taken as it lies there.
void CpprestExchange::read_next() {
  piece_.resize(1);
  then(body_.getn(octets(), 1), [this](size_t count) {
    if (count == 0) return deliver({.type = HttpEvent::Type::End});
    const size_t more = std::min(body_.in_avail(), kPiece - 1);
    if (more == 0) return take_piece();
    piece_.resize(1 + more);
    then(body_.getn(octets() + 1, more), [this](size_t rest) {
      piece_.resize(1 + rest);
      take_piece();
    });
  });
}

void CpprestExchange::take_piece() {
  deliver({.type = HttpEvent::Type::Data, .text = piece_});
  read_next();
}

// REQUIRES: mutex_ is held.
void CpprestExchange::arm() {
  auto next = deadline_;
  if (request_.idle_timeout.count() > 0) next = std::min(next, last_activity_ + request_.idle_timeout);
  if (next == Steady::time_point::max() || !sink_) return;
  timer_.expires_at(next);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    auto self = weak.lock();
    if (!error && self) self->check_time();
  });
}

void CpprestExchange::check_time() {
  const auto now = Steady::now();
  std::string why;
  {
    std::lock_guard lock(mutex_);
    const bool idle = request_.idle_timeout.count() > 0 && now >= last_activity_ + request_.idle_timeout;
    if (now < deadline_ && !idle) return arm();
    why = now >= deadline_ ? "no complete answer in time" : "no octet of the answer for too long";
  }
  fail(why);
  cancellation_.cancel();
}

void CpprestExchange::deliver(HttpEvent event) {
  std::lock_guard lock(mutex_);
  if (!sink_) return;
  last_activity_ = Steady::now();
  const bool last = event.type == HttpEvent::Type::End || event.type == HttpEvent::Type::Failed;
  sink_(std::move(event));
  if (!last) return;
  sink_ = nullptr;
  timer_.cancel();
}

void CpprestExchange::fail(const std::string& why) {
  deliver({.type = HttpEvent::Type::Failed, .text = why});
}

void CpprestExchange::fail_by_library(const std::string& why) {
  const std::string refusal = tls_ ? tls_->refusal() : "";
  fail(refusal.empty() ? why : why + ": the server's certificate is not trusted: " + refusal);
}

void CpprestExchange::cancel() {
  {
    std::lock_guard lock(mutex_);
    if (!sink_) return;
    sink_ = nullptr;
    timer_.cancel();
  }
  cancellation_.cancel();
}

}  // namespace hawser::kube
