#include "operator/app/runtime.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "common/base/product_version.h"
#include "operator/app/folder_backend.h"
#include "operator/app/open_cluster.h"
#include "operator/kube/cpprest/health_listener.h"
#include "operator/metrics/metrics_server.h"
#include "operator/sidecars/grpc_sidecar_client.h"
#include "operator/trust/authority.h"

namespace hawser::app {
namespace {

// The loop wakes for the folder's rescan at least every 10 s; a minute without a turn means that it hangs.
constexpr Duration kHang = std::chrono::minutes(1);

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

uint64_t seed_of(const Clock& clock) {
  return static_cast<uint64_t>(clock.wall_now().time_since_epoch().count()) ^ static_cast<uint64_t>(getpid());
}

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

Runtime::Runtime(const Options& options, const Clock& clock, const Log& log)
    : options_(options),
      clock_(clock),
      log_(log),
      bell_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      resync_(options.resync_period, seed_of(clock)) {
  CHECK(bell_ >= 0);
}

Runtime::~Runtime() {
  health_listener_.reset();
  metrics_server_.reset();
  controller_.reset();
  // Both join the threads that ring the bell.
  fleet_.reset();
  backend_.reset();
  close(bell_);
}

Result<std::unique_ptr<Runtime>> Runtime::start(const Options& options, const Clock& clock, const Log& log) {
  std::unique_ptr<Runtime> runtime(new Runtime(options, clock, log));
  RETURN_IF_ERROR(runtime->open_backend());
  runtime->last_step_ns_ = clock.now().time_since_epoch().count();
  runtime->publish();
  RETURN_IF_ERROR(runtime->listen());
  return runtime;
}

Result<void> Runtime::open_backend() {
  const std::string who =
      "hawser-operator " + std::string(kProductVersion) + " started as " + options_.identity;
  if (options_.cluster) {
    ASSIGN_OR_RETURN(backend_,
                     open_cluster(*options_.cluster, options_.identity, clock_, [this] { ring(); }));
    log_.info(who + ", objects from the API server");
    return {};
  }
  ASSIGN_OR_RETURN(backend_, FolderBackend::open(options_.manifests, options_.status));
  tell(backend_->take_notices());
  log_.info(who + ", epoch " + std::to_string(backend_->epoch()) + ", manifests in " + options_.manifests +
            ", status in " + options_.status);
  return {};
}

// From now on this operator acts.
void Runtime::begin() {
  connect_sidecars();
  controller_ = std::make_unique<controller::Controller>(backend_->objects(), backend_->statuses(), *fleet_);
  resync_.start(clock_.now());
  add_work();
}

void Runtime::connect_sidecars() {
  fleet_ = std::make_unique<sidecars::Fleet>();
  for (const sidecars::SidecarAddress& address : options_.sidecars)
    fleet_->add(address.name, connect(address));
  follow_sidecars();
}

std::unique_ptr<sidecars::SidecarClient> Runtime::connect(const sidecars::SidecarAddress& address) {
  sidecars::GrpcSidecarClient::Options client;
  client.address = address;
  client.identity = {kProductVersion, backend_->epoch(), options_.identity};
  client.backoff.cap = std::chrono::seconds(address.is_unix() ? 1 : 30);
  client.jitter = std::make_shared<SeededJitter>(seed_of(clock_));
  client.clock = &clock_;
  client.on_changed = [this] {
    sidecars_spoke_ = true;
    ring();
  };
  return std::make_unique<sidecars::GrpcSidecarClient>(std::move(client));
}

// In a cluster sidecars come and go with their nodes.
void Runtime::follow_sidecars() {
  const auto nodes = backend_->take_sidecars(clock_.now());
  if (!nodes) return;
  auto make = [this](const sidecars::SidecarNode& node) {
    sidecars::SidecarAddress address;
    address.name = node.name;
    address.target = node.target;
    address.tls = backend_->identity();
    address.server_name = trust::kSidecar.dns_name;
    return connect(address);
  };
  if (!fleet_->follow(*nodes, make)) return;
  std::erase_if(links_told_, [&](const auto& told) {
    return std::ranges::find(*nodes, told.first, &sidecars::SidecarNode::name) == nodes->end();
  });
  add_work();
}

Result<void> Runtime::listen() {
  if (options_.metrics) {
    ASSIGN_OR_RETURN(metrics_server_, metrics::MetricsServer::start(options_.metrics->to_string(),
                                                                    [this] { return stats(); }));
  }
  if (options_.health) {
    ASSIGN_OR_RETURN(health_listener_, kube::HealthListener::start(
                                           options_.health->host, options_.health->port,
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

int Runtime::run(int stop_fd) {
  do {
    if (!step()) return 1;
  } while (wait(stop_fd));
  leave();
  log_.info("stopped; the sidecars keep their tunnels");
  return 0;
}

// False when it is time to stop.
bool Runtime::wait(int stop_fd) {
  pollfd fds[] = {{stop_fd, POLLIN, 0}, {bell_, POLLIN, 0}, {backend_->objects().event_fd(), POLLIN, 0}};
  const int ready = ::poll(fds, std::size(fds), wait_limit());
  return ready < 0 || (fds[0].revents & POLLIN) == 0;
}

// In milliseconds.
int Runtime::wait_limit() const {
  const TimePoint now = clock_.now();
  TimePoint next = now + std::chrono::seconds(10);
  if (auto deadline = backend_->next_deadline()) next = std::min(next, *deadline);
  if (again_at_) next = std::min(next, *again_at_);
  if (resync_.next()) next = std::min(next, *resync_.next());
  if (work_waits_ && controller_)
    next = std::min(next, last_pass_ == TimePoint::min() ? now : last_pass_ + pass_pause());
  const Duration rest = std::max(next - now, Duration::zero());
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(rest).count());
}

// Hands the lease back. A server that does not answer gets 3 s: then the lease runs out by itself.
void Runtime::leave() {
  backend_->leave(now());
  const TimePoint limit = clock_.now() + std::chrono::seconds(3);
  for (;;) {
    take_bell();
    backend_->poll(now());
    tell(backend_->take_notices());
    if (backend_->left() || clock_.now() >= limit) return;
    pollfd bell{bell_, POLLIN, 0};
    ::poll(&bell, 1, std::min(wait_limit(), 100));
  }
}

void Runtime::add_work() {
  ++counters_.queue_adds;
  if (!std::exchange(work_waits_, true)) work_since_ = clock_.now();
}

// What is due by time alone.
void Runtime::take_deadlines(TimePoint now) {
  if (again_at_ && now >= *again_at_) {
    again_at_.reset();
    add_work();
  }
  if (!resync_.take(now)) return;
  resync_waits_ = true;
  add_work();
}

// Says so once, in a line of its own.
bool Runtime::stopped_acting() {
  if (backend_->duty(clock_.now()) != Backend::Duty::Stop) return false;
  tell(backend_->take_notices());
  log_.error(backend_->stop_reason());
  return true;
}

// False when this operator may no longer act.
bool Runtime::step() {
  // Whoever was stopped for a minute does nothing before this.
  if (stopped_acting()) return false;
  const TimePoint now = clock_.now();
  last_step_ns_ = now.time_since_epoch().count();
  take_bell();
  if (sidecars_spoke_.exchange(false)) add_work();
  const bool new_objects = backend_->poll(this->now());
  tell(backend_->take_notices());
  if (stopped_acting()) return false;
  const bool acts = backend_->duty(clock_.now()) == Backend::Duty::Act;
  if (acts && !controller_) begin();
  if (acts) follow_sidecars();
  if (new_objects) {
    edit_waits_ = true;
    add_work();
  }
  take_deadlines(now);
  if (acts && work_waits_ && pass_due() && !pass(now)) return false;
  publish();
  return true;
}

// Since the end of the last pass. An edit goes first: what sidecars tell waits longer, so that with ten
// thousand connections an edit seldom meets a pass of theirs.
Duration Runtime::pass_pause() const {
  return edit_waits_ ? last_pass_took_ / 2 : std::max(kPassInterval, 2 * last_pass_took_);
}

bool Runtime::pass_due() const {
  return last_pass_ == TimePoint::min() || clock_.now() - last_pass_ >= pass_pause();
}

bool Runtime::pass(TimePoint now) {
  work_waits_ = edit_waits_ = false;
  counters_.queue_seconds.observe(seconds(now - work_since_));
  const bool resync = std::exchange(resync_waits_, false);
  if (resync) controller_->judge_anew();
  controller::PassReport report =
      controller_->run(this->now(), [this] { return backend_->duty(clock_.now()) == Backend::Duty::Act; });
  last_pass_ = clock_.now();
  last_pass_took_ = last_pass_ - now;
  if (report.given_up) return !stopped_acting();
  counters_.reconcile_seconds.observe(seconds(last_pass_took_));
  if (report.errors > 0) {
    ++counters_.reconciles_failed;
    ++counters_.queue_retries;
  } else {
    ++counters_.reconciles_ok;
  }
  again_at_ = report.again_at;
  tell(report.notices);
  if (resync) log_.info("judged everything anew; statuses that differ: " + std::to_string(report.writes));
  tell_links(report.sidecars);
  backend_->tell(report.transitions, this->now());
  // What the pass left to write.
  if (backend_->poll(this->now())) {
    edit_waits_ = true;
    add_work();
  }
  tell(backend_->take_notices());
  counters_.objects = metrics::count_objects(controller_->statuses());
  counters_.sidecars = metrics::count_sidecars(report.sidecars);
  return true;
}

void Runtime::tell(const std::vector<store::Notice>& notices) const {
  for (const store::Notice& notice : notices) log_.write(level_of(notice.level), notice.text);
}

void Runtime::tell_links(const std::vector<sidecars::SidecarSnapshot>& sidecars) {
  for (const auto& sidecar : sidecars) {
    const std::string text = describe(sidecar);
    if (text.empty() || links_told_[sidecar.name] == text) continue;
    links_told_[sidecar.name] = text;
    log_.write(sidecar.state == sidecars::LinkState::Connected ? LogLevel::Info : LogLevel::Warning, text);
  }
}

void Runtime::publish() {
  counters_.queue_depth = work_waits_ ? 1 : 0;
  counters_.api_requests = backend_->requests();
  auto published = std::make_shared<const metrics::OperatorStats>(counters_);
  std::string unready = backend_->readiness();
  std::lock_guard lock(published_mutex_);
  stats_ = std::move(published);
  unready_because_ = std::move(unready);
}

std::shared_ptr<const metrics::OperatorStats> Runtime::stats() const {
  std::lock_guard lock(published_mutex_);
  return stats_;
}

int Runtime::metrics_port() const { return metrics_server_ ? metrics_server_->port() : 0; }

std::string Runtime::health() const {
  const Duration since = clock_.now().time_since_epoch() - Duration(last_step_ns_.load());
  return since < kHang
             ? ""
             : "the loop has not turned for " + std::to_string(static_cast<int>(seconds(since))) + " s";
}

std::string Runtime::readiness() const {
  std::lock_guard lock(published_mutex_);
  return unready_because_;
}

}  // namespace hawser::app
