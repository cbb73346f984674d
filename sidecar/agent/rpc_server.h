#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "hawser/v1/sidecar.pb.h"
#include "sidecar/agent/operator_link.h"

namespace hawser::agent {

// Where the operator comes in. A unix socket is reached by root alone (mode 0600); TCP needs all four TLS
// options.
struct ListenOptions {
  std::string address = "unix:/run/hawser/sidecar.sock";  // or HOST:PORT
  std::string tls_cert_file;
  std::string tls_key_file;
  std::string tls_ca_file;
  std::string tls_peer_name;  // DNS name or URI in the operator's certificate
};

// InvalidArgument when no server could ever listen with these: TCP without TLS, files that cannot be read.
Result<void> check(const ListenOptions& options);

// Serves SidecarService. gRPC's threads do nothing but post to the loop; every function of Handler runs
// there.
class RpcServer {
 public:
  struct Handler {
    std::function<void(std::function<void()>)> post;  // to the loop; thread-safe
    std::function<void(StreamId, std::shared_ptr<SyncStream>)> opened;
    std::function<void(StreamId, v1::OperatorMessage)> received;
    std::function<void(StreamId)> closed;
    std::function<Result<void>(const v1::TriggerRequest&)> trigger;
  };
  // InvalidArgument: TCP without TLS, or a file that cannot be read. Unavailable: the address is taken.
  static Result<std::unique_ptr<RpcServer>> start(const ListenOptions& options, Handler handler);
  ~RpcServer();
  // The port in use, for HOST:0; 0 for a unix socket.
  int port() const;
  // Ends every call; blocks until gRPC's threads have let go, at most half a second for calls to end by
  // themselves.
  void shut_down();

 private:
  struct Impl;
  explicit RpcServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// grpc.health.v1 in plain text on a port of its own, for probes: they have no client certificate.
// SERVING as long as beat() is called: a loop that hangs must not look well.
class HealthServer {
 public:
  static constexpr Duration kHang = std::chrono::minutes(1);
  static Result<std::unique_ptr<HealthServer>> start(const std::string& address, Duration hang = kHang);
  ~HealthServer();
  // The loop has turned. Any thread.
  void beat();
  // NOT_SERVING from here on.
  void stop_serving();
  int port() const;

 private:
  struct Impl;
  explicit HealthServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hawser::agent
