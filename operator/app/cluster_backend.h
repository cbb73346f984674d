#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "operator/app/backend.h"
#include "operator/app/cluster_sidecars.h"
#include "operator/cluster/api_objects.h"
#include "operator/cluster/api_statuses.h"
#include "operator/kube/client.h"
#include "operator/kube/event_recorder.h"
#include "operator/kube/lease_election.h"

namespace hawser::app {

// An API server. In charge while it holds the Lease, to the moment; without election, as soon as it knows the
// objects.
class ClusterBackend final : public Backend {
 public:
  static constexpr const char* kLease = "hawser-operator";

  struct Options {
    std::string identity;
    std::string namespace_;  // of the Lease and the sidecars
    std::vector<std::string> watch_namespaces;
    bool leader_elect = true;
    // nullopt: the sidecars are those of the command line.
    std::optional<cluster::SidecarDirectory::Options> sidecars{};
    std::vector<std::string> warnings{};  // to be said at the start
  };
  // `lease_client` is a connection of its own, so that a slow list does not cost the lease; null without
  // election. `clock` outlives it.
  ClusterBackend(std::unique_ptr<kube::Client> client, std::unique_ptr<kube::Client> lease_client,
                 Options options, uint64_t seed, const Clock& clock);
  ~ClusterBackend() override;

  store::ObjectSource& objects() override { return objects_; }
  store::StatusSink& statuses() override { return statuses_; }
  bool poll(store::Now now) override;
  std::optional<TimePoint> next_deadline() const override;
  Duty duty(TimePoint now) const override;
  std::string stop_reason() const override;
  uint64_t epoch() const override;
  std::optional<std::vector<sidecars::SidecarNode>> take_sidecars(TimePoint now) override;
  std::shared_ptr<const sidecars::TlsSlot> identity() const override;
  void tell(const std::vector<controller::Transition>& transitions, store::Now now) override;
  std::vector<store::Notice> take_notices() override;
  std::map<std::pair<std::string, int>, uint64_t> requests() const override;
  std::string readiness() const override;
  void leave(store::Now now) override;
  bool left() const override;
  // Nothing waits to be written.
  bool idle() const { return statuses_.idle(); }

 private:
  void watch_election();
  bool take_epoch(TimePoint now);
  bool acting() const;
  Duty in_charge(TimePoint now) const;

  const Options options_;
  const Clock& clock_;
  SeededJitter jitter_;
  std::unique_ptr<kube::Client> client_;
  std::unique_ptr<kube::Client> lease_client_;
  cluster::ApiStatuses statuses_;
  cluster::ApiObjects objects_;
  kube::EventRecorder events_;
  std::optional<ClusterSidecars> sidecars_;
  std::unique_ptr<kube::LeaseElection> election_;
  bool leaving_ = false;
  std::optional<uint64_t> epoch_;
  std::string told_holder_, told_trouble_;
  bool told_leading_ = false;
  std::vector<store::Notice> notices_;
};

}  // namespace hawser::app
