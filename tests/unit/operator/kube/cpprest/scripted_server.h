#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/pki/test_pki.h"

namespace hawser::kube {

// An HTTP server on a free port of 127.0.0.1 that answers each connection's one request with bytes of the
// test's choice.
class ScriptedServer {
 public:
  struct Tls {
    testing::CertificateFiles files;
    std::string client_ca;
  };
  // `answer` gets the request as it came and returns the bytes to send; empty: says nothing until the client
  // leaves.
  using Answer = std::function<std::string(const std::string& request)>;
  explicit ScriptedServer(Answer answer, const Tls* tls = nullptr);
  ~ScriptedServer();
  uint16_t port() const { return port_; }
  std::string url() const {
    return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_);
  }
  std::vector<std::string> requests() const;

 private:
  void serve();
  void serve_one(int fd);

  Answer answer_;
  const Tls* tls_;
  int listener_;
  uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace hawser::kube
