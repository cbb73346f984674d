#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hawser/v1/sidecar.pb.h"

namespace hawser::testing {

// SidecarService served from this process, with the test playing the sidecar: it answers each Hello with the
// one it was given, records what comes, and sends what it is told to. Safe to call from any thread.
class InProcessSidecar {
 public:
  struct Tls {
    std::string certificate, key, ca;  // PEM files
  };
  // "unix:PATH", or "127.0.0.1:0" with TLS.
  explicit InProcessSidecar(const std::string& address, const Tls* tls = nullptr);
  ~InProcessSidecar();
  // The port that was bound; 0 for a unix socket.
  int port() const;

  void set_hello(const v1::Hello& hello);
  // From now on every stream is refused with FAILED_PRECONDITION and this text; empty: no more.
  void refuse(const std::string& why);
  void say(const v1::SidecarMessage& message);
  // Ends the stream that is open now.
  void break_stream();
  // Waits until `condition` holds for all messages received so far, or 10 s have passed.
  using Messages = std::vector<v1::OperatorMessage>;
  bool wait_until(const std::function<bool(const Messages&)>& condition);
  Messages received() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The last DesiredState among them; null when there is none.
const v1::DesiredState* last_desired(const InProcessSidecar::Messages& messages);
// An Ack that says OK to every entry.
v1::SidecarMessage ack_all(const v1::DesiredState& state);

}  // namespace hawser::testing
