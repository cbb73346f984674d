#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "operator/app/log.h"
#include "operator/app/options.h"
#include "operator/controller/controller.h"
#include "operator/metrics/stats.h"
#include "operator/sidecars/fleet.h"
#include "operator/store/manifest_folder.h"
#include "operator/store/status_folder.h"

namespace hawser::kube {
class HealthListener;
}
namespace hawser::metrics {
class MetricsServer;
}

namespace hawser::app {

// A running operator: folders, sidecars, controller and the two listeners, on one loop. The threads of
// sidecars only ring its bell; everything is decided in run()'s thread.
class Runtime {
 public:
  // Passes that sidecars ask for are at least so far apart: a thousand tunnels that come up together are one
  // pass or two.
  static constexpr Duration kPassInterval = std::chrono::milliseconds(100);

  // `clock` and `log` outlive it.
  static Result<std::unique_ptr<Runtime>> start(const Options& options, const Clock& clock, const Log& log);
  ~Runtime();
  // Until `stop_fd` is readable. Stopping takes nothing down: the sidecars keep what they have.
  void run(int stop_fd);
  std::shared_ptr<const metrics::OperatorStats> stats() const;
  int metrics_port() const;

 private:
  Runtime(const Clock& clock, const Log& log);
  Result<void> open_folders(const Options& options);
  void connect_sidecars(const Options& options);
  Result<void> listen(const Options& options);
  void ring();
  void add_work();
  bool wait(int stop_fd);
  bool take_bell();
  void step();
  void pass(TimePoint now);
  void tell(const std::vector<store::Notice>& notices) const;
  void tell_links();
  void publish();
  std::string health() const;
  std::string readiness() const;

  const Clock& clock_;
  const Log& log_;
  int bell_ = -1;
  std::unique_ptr<store::StatusFolder> status_;
  std::unique_ptr<store::ManifestFolder> manifests_;
  std::unique_ptr<sidecars::Fleet> fleet_;
  std::unique_ptr<controller::Controller> controller_;
  std::map<std::string, std::string> links_told_;

  bool work_waits_ = false;
  TimePoint work_since_{};
  TimePoint last_pass_ = TimePoint::min();
  std::optional<TimePoint> again_at_;

  metrics::OperatorStats counters_;
  mutable std::mutex stats_mutex_;
  std::shared_ptr<const metrics::OperatorStats> stats_;  // guarded by stats_mutex_
  std::atomic<int64_t> last_step_ns_ = 0;
  std::atomic<bool> ready_ = false;
  // Last, so that nobody asks for numbers of something that is gone.
  std::unique_ptr<metrics::MetricsServer> metrics_server_;
  std::unique_ptr<kube::HealthListener> health_listener_;
};

}  // namespace hawser::app
