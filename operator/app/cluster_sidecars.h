#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "operator/cluster/sidecar_directory.h"
#include "operator/sidecars/tls_identity.h"
#include "operator/store/notice.h"
#include "operator/store/object_source.h"
#include "operator/trust/trust_keeper.h"

namespace hawser::app {

// The sidecars of a cluster: which there are, and the certificates between them and this operator. Belongs to
// the client's thread; client and jitter outlive it.
class ClusterSidecars {
 public:
  ClusterSidecars(kube::Client& client, const cluster::SidecarDirectory::Options& options, Jitter& jitter);
  // Call after client.step(). Certificates are the business of whoever acts.
  void step(store::Now now, bool acting);
  std::optional<TimePoint> next_deadline(bool acting) const;
  bool synced() const { return directory_.synced(); }
  // The certificates are in order, or were found not to be: there is a sense in talking to sidecars.
  bool settled() const { return trust_.settled(); }
  std::string trouble() const { return directory_.trouble(); }
  // What has been wrong with the certificates for more than a minute; empty: nothing.
  std::string lasting_trouble(TimePoint now) const;
  // All of them, when they may be others than the last time; nullopt: no news. REQUIRES: synced().
  std::optional<std::vector<sidecars::SidecarNode>> take_nodes(TimePoint now);
  std::shared_ptr<const sidecars::TlsSlot> identity() const { return slot_; }
  std::vector<store::Notice> take_notices() { return std::exchange(notices_, {}); }

 private:
  void tell(const std::string& what, const std::string& trouble, std::string& told);

  cluster::SidecarDirectory directory_;
  std::shared_ptr<sidecars::TlsSlot> slot_ = std::make_shared<sidecars::TlsSlot>();
  trust::SystemRandom random_;
  trust::TrustKeeper trust_;
  bool changed_ = true;
  std::string told_trust_, told_directory_;
  std::vector<store::Notice> notices_;
};

}  // namespace hawser::app
