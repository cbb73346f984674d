#pragma once

#include <memory>
#include <optional>
#include <string>

#include "operator/kube/client.h"
#include "operator/sidecars/tls_identity.h"
#include "operator/trust/authority.h"
#include "operator/trust/secret_object.h"

namespace hawser::trust {

// Keeps the Secrets hawser-ca and hawser-sidecar-tls, and the operator's own certificate in a TlsSlot (in
// memory only). Step it while this operator leads: nobody else may write the two. Belongs to the client's
// thread; client, slot and random outlive it.
class TrustKeeper {
 public:
  struct Options {
    std::string namespace_;
    std::string authority = "hawser-ca";
    std::string sidecar = "hawser-sidecar-tls";
    Duration look = std::chrono::minutes(1);  // how often both are read again
  };
  TrustKeeper(kube::Client& client, Options options, sidecars::TlsSlot& slot, Random& random);
  // Call after client.step().
  void step(TimePoint now, WallTime wall);
  // nullopt while an answer is awaited.
  std::optional<TimePoint> next_deadline() const;
  // Why the certificates are not in order; empty: they are. Never holds a key.
  const std::string& trouble() const { return trouble_; }
  // Since when; nullopt: there is no trouble. A moment of it is no news (two operators that write at once).
  std::optional<TimePoint> trouble_since() const { return trouble_since_; }
  // It has tried to put them in order.
  bool settled() const { return settled_; }
  // When the sidecars' certificate ends; nullopt before it is known.
  std::optional<WallTime> sidecar_expires() const { return sidecar_expires_; }

 private:
  enum class Stage : uint8_t { Rest, ReadAuthority, WriteAuthority, ReadSidecar, WriteSidecar };
  void begin(Stage stage, const std::string& name);
  void send(Stage stage, kube::ApiRequest request);
  void write(Stage stage, const std::string& name, const nlohmann::json& secret, bool exists);
  void take(kube::ApiAnswer answer, TimePoint now, WallTime wall);
  void on_authority(const kube::ApiAnswer& answer, TimePoint now, WallTime wall);
  void on_sidecar(const kube::ApiAnswer& answer, TimePoint now, WallTime wall);
  void on_written(const kube::ApiAnswer& answer, TimePoint now, WallTime wall);
  void adopt(AuthorityState state, TimePoint now, WallTime wall);
  void finish(const SidecarFiles& files, TimePoint now);
  void fail(const std::string& why, TimePoint now);

  kube::Client& client_;
  const Options options_;
  sidecars::TlsSlot& slot_;
  Random& random_;

  Stage stage_ = Stage::Rest;
  TimePoint next_look_ = TimePoint::min();
  bool settled_ = false;
  Duration retry_{};
  std::string trouble_ = "the certificates have not been read yet";
  std::optional<TimePoint> trouble_since_;
  std::optional<AuthorityState> authority_;  // as stored
  std::optional<AuthorityState> wanted_authority_;
  std::optional<SidecarFiles> wanted_sidecar_;
  std::optional<Identity> own_;
  std::optional<WallTime> sidecar_expires_;
  std::optional<kube::ApiAnswer> answer_;
  std::unique_ptr<kube::Client::Call> call_;  // last: its end may not find the rest gone
};

}  // namespace hawser::trust
