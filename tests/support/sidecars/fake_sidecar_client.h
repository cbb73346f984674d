#pragma once

#include <string>
#include <vector>

#include "operator/sidecars/sync_session.h"

namespace hawser::testing {

// A SidecarClient without network: the test plays the sidecar. It runs the same SyncSession as the real one
// and passes the same contract suite. One thread.
class FakeSidecarClient final : public sidecars::SidecarClient {
 public:
  FakeSidecarClient(std::string name, sidecars::SyncSession::Identity identity);
  void set_desired(sidecars::Desired desired) override;
  sidecars::SidecarSnapshot snapshot() const override { return session_.snapshot(); }

  // The sidecar answers the operator's Hello with this one.
  void connect(const v1::Hello& hello);
  void say(const v1::SidecarMessage& message);
  void disconnect(const std::string& why);
  void refuse(const std::string& why);
  // Everything the operator sent, in order.
  const std::vector<v1::OperatorMessage>& received() const { return received_; }

 private:
  void pump();
  sidecars::SyncSession session_;
  std::vector<v1::OperatorMessage> received_;
};

}  // namespace hawser::testing
