#include "tests/unit/operator/kube/cpprest/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <memory>
#include <utility>
//
#include <pplx/threadpool.h>

// The library never joins its pool, so what OpenSSL keeps for each of those threads lives until the process
// ends.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libcrypto.so"; }

namespace hawser::kube {
namespace {

// A connection, in clear or in TLS.
class Stream {
 public:
  Stream(int fd, const ScriptedServer::Tls* tls) : fd_(fd) {
    if (tls == nullptr) return;
    context_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate_chain_file(context_.get(), tls->files.certificate.c_str());
    SSL_CTX_use_PrivateKey_file(context_.get(), tls->files.key.c_str(), SSL_FILETYPE_PEM);
    if (!tls->client_ca.empty()) {
      SSL_CTX_load_verify_file(context_.get(), tls->client_ca.c_str());
      SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), fd);
    if (SSL_accept(ssl_.get()) != 1) usable_ = false;
  }
  int read(char* to, int size) {
    if (!usable_) return 0;
    return ssl_ ? SSL_read(ssl_.get(), to, size)
                : static_cast<int>(::recv(fd_, to, static_cast<size_t>(size), 0));
  }
  std::string server_name() const {
    const char* name = ssl_ ? SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name) : nullptr;
    return name == nullptr ? "" : name;
  }
  void write(const std::string& text) {
    size_t sent = 0;
    while (sent < text.size()) {
      int n = ssl_ ? SSL_write(ssl_.get(), text.data() + sent, static_cast<int>(text.size() - sent))
                   : static_cast<int>(::send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL));
      if (n <= 0) return;
      sent += static_cast<size_t>(n);
    }
  }

 private:
  int fd_;
  bool usable_ = true;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{nullptr, SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, SSL_free};
};

bool complete(const std::string& request) {
  size_t head = request.find("\r\n\r\n");
  if (head == std::string::npos) return false;
  size_t length = request.find("Content-Length:");
  size_t body = length == std::string::npos ? 0 : std::stoul(request.substr(length + 15));
  return request.size() >= head + 4 + body;
}

// What the library still has to do for exchanges that have ended, each step of which queues the next. A
// process that ends in the midst of it leaks it.
void drain_library() {
  for (int round = 0; round < 200; ++round) {
    std::promise<void> passed;
    crossplat::threadpool::shared_instance().service().post([&passed] { passed.set_value(); });
    passed.get_future().wait();
  }
}

}  // namespace

ScriptedServer::ScriptedServer(Answer answer, const Tls* tls) : answer_(std::move(answer)), tls_(tls) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 8) != 0)
    std::abort();
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

ScriptedServer::~ScriptedServer() {
  stop();
  drain_library();
}

void ScriptedServer::stop() {
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  for (auto& [fd, thread] : connections_) {
    shutdown(fd, SHUT_RDWR);
    thread.join();
    close(fd);
  }
  close(listener_);
}

std::vector<std::string> ScriptedServer::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

void ScriptedServer::serve() {
  while (true) {
    int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    connections_.emplace_back(fd, [this, fd] {
      serve_one(fd);
      shutdown(fd, SHUT_RDWR);
    });
  }
}

std::string ScriptedServer::answer_to(const std::string& request, const std::string& server_name) {
  {
    std::lock_guard lock(mutex_);
    requests_.push_back(request);
    server_name_ = server_name;
  }
  return answer_(request);
}

void ScriptedServer::serve_one(int fd) {
  Stream stream(fd, tls_);
  char piece[4096];
  auto read_request = [&] {
    std::string request;
    while (!complete(request)) {
      int n = stream.read(piece, sizeof piece);
      if (n <= 0) return std::string();
      request.append(piece, static_cast<size_t>(n));
    }
    return request;
  };
  std::string request = read_request();
  if (request.empty()) return;
  std::string reply = answer_to(request, stream.server_name());
  const char last = reply.empty() ? kStall : reply.back();
  if (!reply.empty() && (last == kStall || last == kThenHangUp)) reply.pop_back();
  stream.write(reply);
  if (last == kThenHangUp && !(request = read_request()).empty()) {
    std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  if (last != kStall) return;
  while (stream.read(piece, sizeof piece) > 0) {
  }
  std::lock_guard lock(mutex_);
  ++departures_;
  departure_.notify_all();
}

void ScriptedServer::wait_for_departure() {
  std::unique_lock lock(mutex_);
  departure_.wait(lock, [this] { return departures_ > 0; });
}

std::string ScriptedServer::server_name() const {
  std::lock_guard lock(mutex_);
  return server_name_;
}

}  // namespace hawser::kube
