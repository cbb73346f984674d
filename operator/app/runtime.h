#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "operator/app/backend.h"
#include "operator/app/log.h"
#include "operator/app/options.h"
#include "operator/app/resync.h"
#include "operator/controller/controller.h"
#include "operator/metrics/stats.h"
#include "operator/sidecars/fleet.h"

namespace hawser::kube {
class HealthListener;
}
namespace hawser::metrics {
class MetricsServer;
}

namespace hawser::app {

// A running operator: backend, sidecars, controller and the two listeners, on one loop. The threads of
// sidecars and of the API client only ring its bell; everything is decided in run()'s thread.
class Runtime {
 public:
  // Passes that sidecars ask for are at least so far apart: a thousand tunnels that come up together are one
  // pass or two.
  static constexpr Duration kPassInterval = std::chrono::milliseconds(100);

  // `clock` and `log` outlive it.
  static Result<std::unique_ptr<Runtime>> start(const Options& options, const Clock& clock, const Log& log);
  ~Runtime();
  // Until `stop_fd` is readable. Stopping takes nothing down: the sidecars keep what they have. Returns the
  // exit code: 1 when it may no longer act.
  int run(int stop_fd);
  std::shared_ptr<const metrics::OperatorStats> stats() const;
  int metrics_port() const;

 private:
  Runtime(const Options& options, const Clock& clock, const Log& log);
  Result<void> open_backend();
  void begin();
  void connect_sidecars();
  void follow_sidecars();
  std::unique_ptr<sidecars::SidecarClient> connect(const sidecars::SidecarAddress& address);
  Result<void> listen();
  void ring();
  void add_work();
  void take_deadlines(TimePoint now);
  void leave();
  bool wait(int stop_fd);
  int wait_limit() const;
  bool take_bell();
  bool step();
  Duration pass_pause() const;
  bool pass_due() const;
  bool pass(TimePoint now);
  bool stopped_acting();
  void tell(const std::vector<store::Notice>& notices) const;
  void tell_links(const std::vector<sidecars::SidecarSnapshot>& sidecars);
  void publish();
  store::Now now() const { return {clock_.now(), clock_.wall_now()}; }
  std::string health() const;
  std::string readiness() const;

  const Options options_;
  const Clock& clock_;
  const Log& log_;
  int bell_ = -1;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<sidecars::Fleet> fleet_;
  // From the moment on when this operator may act.
  std::unique_ptr<controller::Controller> controller_;
  std::map<std::string, std::string> links_told_;

  bool work_waits_ = false;
  bool edit_waits_ = false;  // part of that work is new objects
  TimePoint work_since_{};
  TimePoint last_pass_ = TimePoint::min();
  Duration last_pass_took_{};
  std::optional<TimePoint> again_at_;
  Resync resync_;  // starts with the first pass
  bool resync_waits_ = false;
  std::atomic<bool> sidecars_spoke_ = false;  // the API client rings the same bell

  metrics::OperatorStats counters_;
  mutable std::mutex published_mutex_;
  std::shared_ptr<const metrics::OperatorStats> stats_;  // guarded by published_mutex_
  std::string unready_because_;                          // guarded by published_mutex_
  std::atomic<int64_t> last_step_ns_ = 0;
  // Last, so that nobody asks for numbers of something that is gone.
  std::unique_ptr<metrics::MetricsServer> metrics_server_;
  std::unique_ptr<kube::HealthListener> health_listener_;
};

}  // namespace hawser::app
