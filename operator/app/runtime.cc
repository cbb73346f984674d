#include "operator/app/runtime.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "operator/app/version.h"
#include "operator/kube/cpprest/health_listener.h"
#include "operator/metrics/metrics_server.h"
#include "operator/sidecars/grpc_sidecar_client.h"

namespace hawser::app {
namespace {

// The loop wakes for the folder's rescan at least every 10 s; a minute without a turn means that it hangs.
constexpr Duration kHang = std::chrono::minutes(1);

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::string describe(const sidecars::SidecarSnapshot& sidecar) {
  switch (sidecar.state) {
    case sidecars::LinkState::Connecting:
      return "";
    case sidecars::LinkState::Connected:
      return "connected to sidecar " + sidecar.name + " on node " + sidecar.node;
    case sidecars::LinkState::Unreachable:
      return "sidecar " + sidecar.name + " cannot be reached, trying on: " + sidecar.message;
    case sidecars::LinkState::Refused:
      return "sidecar " + sidecar.name + " obeys another operator: " + sidecar.message;
  }
  return "";
}

LogLevel level_of(store::Notice::Level level) {
  return level == store::Notice::Level::Error     ? LogLevel::Error
         : level == store::Notice::Level::Warning ? LogLevel::Warning
                                                  : LogLevel::Info;
}

}  // namespace

Runtime::Runtime(const Clock& clock, const Log& log)
    : clock_(clock), log_(log), bell_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  CHECK(bell_ >= 0);
}

Runtime::~Runtime() {
  health_listener_.reset();
  metrics_server_.reset();
  controller_.reset();
  // Joins the threads that ring the bell.
  fleet_.reset();
  close(bell_);
}

Result<std::unique_ptr<Runtime>> Runtime::start(const Options& options, const Clock& clock, const Log& log) {
  std::unique_ptr<Runtime> runtime(new Runtime(clock, log));
  RETURN_IF_ERROR(runtime->open_folders(options));
  runtime->connect_sidecars(options);
  runtime->controller_ =
      std::make_unique<controller::Controller>(*runtime->manifests_, *runtime->status_, *runtime->fleet_);
  runtime->last_step_ns_ = clock.now().time_since_epoch().count();
  runtime->publish();
  RETURN_IF_ERROR(runtime->listen(options));
  return runtime;
}

Result<void> Runtime::open_folders(const Options& options) {
  ASSIGN_OR_RETURN(status_, store::StatusFolder::open(options.status));
  auto manifests = store::ManifestFolder::open(options.manifests, *status_);
  if (!manifests) return Error{manifests.error().code, "--manifests " + manifests.error().message};
  manifests_ = std::move(manifests).value();
  tell(status_->take_notices());
  log_.info("hawser-operator " + std::string(kVersion) + " started as " + options.identity + ", epoch " +
            std::to_string(status_->epoch()) + ", manifests in " + options.manifests + ", status in " +
            options.status);
  return {};
}

void Runtime::connect_sidecars(const Options& options) {
  fleet_ = std::make_unique<sidecars::Fleet>();
  for (const sidecars::SidecarAddress& address : options.sidecars) {
    sidecars::GrpcSidecarClient::Options client;
    client.address = address;
    client.identity = {kVersion, status_->epoch(), options.identity};
    client.backoff.cap = std::chrono::seconds(address.is_unix() ? 1 : 30);
    client.jitter =
        std::make_shared<SeededJitter>(static_cast<uint64_t>(clock_.wall_now().time_since_epoch().count()) ^
                                       static_cast<uint64_t>(getpid()));
    client.clock = &clock_;
    client.on_changed = [this] { ring(); };
    fleet_->add(address.name, std::make_unique<sidecars::GrpcSidecarClient>(std::move(client)));
  }
}

Result<void> Runtime::listen(const Options& options) {
  if (options.metrics) {
    ASSIGN_OR_RETURN(metrics_server_,
                     metrics::MetricsServer::start(options.metrics->to_string(), [this] { return stats(); }));
  }
  if (options.health) {
    ASSIGN_OR_RETURN(health_listener_, kube::HealthListener::start(
                                           options.health->host, options.health->port,
                                           {[this] { return health(); }, [this] { return readiness(); }}));
  }
  return {};
}

void Runtime::ring() {
  const uint64_t one = 1;
  // Full only after 2^64 - 2 rings: then it is readable anyway.
  [[maybe_unused]] const ssize_t ignored = write(bell_, &one, sizeof one);
}

bool Runtime::take_bell() {
  uint64_t rings = 0;
  return read(bell_, &rings, sizeof rings) == static_cast<ssize_t>(sizeof rings);
}

void Runtime::run(int stop_fd) {
  add_work();
  do {
    step();
  } while (wait(stop_fd));
  log_.info("stopped; the sidecars keep their tunnels");
}

// False when it is time to stop.
bool Runtime::wait(int stop_fd) {
  const TimePoint now = clock_.now();
  TimePoint next = now + std::chrono::seconds(10);
  if (auto deadline = manifests_->next_deadline()) next = std::min(next, *deadline);
  if (again_at_) next = std::min(next, *again_at_);
  if (work_waits_) next = std::min(next, last_pass_ + kPassInterval);
  const Duration rest = std::max(next - now, Duration::zero());
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(rest).count();
  pollfd fds[] = {{stop_fd, POLLIN, 0}, {bell_, POLLIN, 0}, {manifests_->event_fd(), POLLIN, 0}};
  const int ready = ::poll(fds, 3, static_cast<int>(milliseconds));
  return ready < 0 || (fds[0].revents & POLLIN) == 0;
}

void Runtime::add_work() {
  ++counters_.queue_adds;
  if (!std::exchange(work_waits_, true)) work_since_ = clock_.now();
}

void Runtime::step() {
  const TimePoint now = clock_.now();
  last_step_ns_ = now.time_since_epoch().count();
  if (take_bell()) {
    tell_links();
    add_work();
  }
  const bool new_objects = manifests_->poll({now, clock_.wall_now()});
  tell(manifests_->take_notices());
  if (new_objects) add_work();
  if (again_at_ && now >= *again_at_) {
    again_at_.reset();
    add_work();
  }
  const bool due = new_objects || last_pass_ == TimePoint::min() || now - last_pass_ >= kPassInterval;
  if (work_waits_ && due && manifests_->snapshot()) pass(now);
  publish();
}

void Runtime::pass(TimePoint now) {
  work_waits_ = false;
  last_pass_ = now;
  counters_.queue_seconds.observe(seconds(now - work_since_));
  controller::PassReport report = controller_->run({now, clock_.wall_now()});
  counters_.reconcile_seconds.observe(seconds(clock_.now() - now));
  if (report.errors > 0) {
    ++counters_.reconciles_failed;
    ++counters_.queue_retries;
  } else {
    ++counters_.reconciles_ok;
  }
  again_at_ = report.again_at;
  tell(report.notices);
  tell(status_->take_notices());
  ready_ = true;
}

void Runtime::tell(const std::vector<store::Notice>& notices) const {
  for (const store::Notice& notice : notices) log_.write(level_of(notice.level), notice.text);
}

void Runtime::tell_links() {
  for (const auto& sidecar : fleet_->snapshots()) {
    const std::string text = describe(sidecar);
    if (text.empty() || links_told_[sidecar.name] == text) continue;
    links_told_[sidecar.name] = text;
    log_.write(sidecar.state == sidecars::LinkState::Connected ? LogLevel::Info : LogLevel::Warning, text);
  }
}

void Runtime::publish() {
  counters_.queue_depth = work_waits_ ? 1 : 0;
  counters_.objects = metrics::count_objects(controller_->statuses());
  counters_.sidecars = metrics::count_sidecars(fleet_->snapshots());
  auto published = std::make_shared<const metrics::OperatorStats>(counters_);
  std::lock_guard lock(stats_mutex_);
  stats_ = std::move(published);
}

std::shared_ptr<const metrics::OperatorStats> Runtime::stats() const {
  std::lock_guard lock(stats_mutex_);
  return stats_;
}

int Runtime::metrics_port() const { return metrics_server_ ? metrics_server_->port() : 0; }

std::string Runtime::health() const {
  const Duration since = clock_.now().time_since_epoch() - Duration(last_step_ns_.load());
  return since < kHang
             ? ""
             : "the loop has not turned for " + std::to_string(static_cast<int>(seconds(since))) + " s";
}

std::string Runtime::readiness() const { return ready_ ? "" : "the manifests have not been read yet"; }

}  // namespace hawser::app
