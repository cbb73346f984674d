#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/pki/test_pki.h"

namespace hawser::kube {

// An HTTP server on a free port of 127.0.0.1 that answers each request with bytes of the test's choice.
class ScriptedServer {
 public:
  struct Tls {
    testing::CertificateFiles files;
    std::string client_ca;
  };
  // `answer` gets the request as it came and returns the bytes to send; empty: says nothing until the client
  // leaves. An answer that ends in kStall is not closed by the server: it waits until the client leaves.
  static constexpr char kStall = '\x01';
  // After an answer that ends so the connection stays, and the server hangs up on its next request.
  static constexpr char kThenHangUp = '\x02';
  using Answer = std::function<std::string(const std::string& request)>;
  explicit ScriptedServer(Answer answer, const Tls* tls = nullptr);
  ~ScriptedServer();
  uint16_t port() const { return port_; }
  std::string url() const {
    return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_);
  }
  std::vector<std::string> requests() const;
  // Blocks until a client has left a stalled answer or one never given.
  void wait_for_departure();
  // The server name of the latest TLS handshake.
  std::string server_name() const;

 private:
  void stop();
  void serve();
  void serve_one(int fd);
  // The answer to it, after noting it down.
  std::string answer_to(const std::string& request, const std::string& server_name);

  Answer answer_;
  const Tls* tls_;
  int listener_;
  uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable departure_;
  size_t departures_ = 0;
  std::vector<std::string> requests_;
  std::vector<std::pair<int, std::thread>> connections_;
  std::string server_name_;
  std::thread thread_;
};

}  // namespace hawser::kube
