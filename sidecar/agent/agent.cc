#include "sidecar/agent/agent.h"

#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <thread>

#include "sidecar/agent/driver.h"
#include "sidecar/agent/event_line.h"
#include "sidecar/agent/key_export.h"
#include "sidecar/agent/loop.h"
#include "sidecar/agent/reconciler.h"
#include "sidecar/crypto/context.h"
#include "sidecar/dataplane/userspace/user_space_data_plane.h"

namespace hawser::agent {
namespace {

constexpr Duration kFarewell = std::chrono::seconds(3);           // contracts, section 6
constexpr Duration kRefresh = std::chrono::seconds(1);            // counters, routes
constexpr Duration kSnapshotGap = std::chrono::milliseconds(20);  // a storm of events makes one snapshot

void log_line(const LogLine& line) {
  switch (line.level) {
    case LogLevel::Debug:
      spdlog::debug("{}", line.text);
      return;
    case LogLevel::Info:
      spdlog::info("{}", line.text);
      return;
    case LogLevel::Warning:
      spdlog::warn("{}", line.text);
      return;
  }
}

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

class Agent {
 public:
  explicit Agent(AgentOptions options) : options_(std::move(options)) {}
  Result<void> start();
  void run();

 private:
  Result<void> open_plane();
  Result<void> watch_inputs();
  Result<void> serve();
  void receive(int fd);
  void receive_from_plane();
  void on_signal();
  void begin_farewell();
  std::optional<TimePoint> turn();
  void refresh_snapshot(TimePoint now);
  void on_event(const ike::Event& event);
  Result<void> trigger(const v1::TriggerRequest& request);
  void close_down();

  AgentOptions options_;
  SystemClock clock_;
  crypto::SystemRandom random_;
  std::unique_ptr<SeededJitter> jitter_;
  std::unique_ptr<crypto::Context> context_;
  KernelSourceAddresses sources_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<IkeSockets> sockets_;
  std::unique_ptr<KeyExport> key_export_;
  std::unique_ptr<dataplane::UserSpaceDataPlane> plane_;
  std::unique_ptr<ike::Endpoint> engine_;
  std::unique_ptr<Driver> driver_;
  status::Ledger ledger_;
  status::ClockAnchor anchor_;
  std::unique_ptr<Reconciler> reconciler_;
  std::unique_ptr<OperatorLink> link_;
  std::unique_ptr<RpcServer> rpc_;
  std::unique_ptr<HealthServer> health_;
  dataplane::UniqueFd signals_;
  std::shared_ptr<const status::Snapshot> snapshot_;
  TimePoint next_refresh_{};
  TimePoint next_snapshot_{};
  bool dirty_ = true;
  std::optional<TimePoint> farewell_;  // until when we wait for the peers' answers
  bool closing_ = false;
  std::thread closer_;
};

Result<void> Agent::start() {
  RETURN_IF_ERROR(check(options_.listen));
  jitter_ = std::make_unique<SeededJitter>(random_.next_u64());
  ASSIGN_OR_RETURN(context_, crypto::Context::system());
  ASSIGN_OR_RETURN(loop_, Loop::create());
  ASSIGN_OR_RETURN(sockets_, IkeSockets::open(options_.ports));
  if (!options_.export_keys_folder.empty()) {
    ASSIGN_OR_RETURN(key_export_, KeyExport::open(options_.export_keys_folder));
    spdlog::warn("INSECURE: the keys of every SA are written to {}; whoever reads them reads the traffic",
                 options_.export_keys_folder);
  }
  RETURN_IF_ERROR(open_plane());
  RETURN_IF_ERROR(watch_inputs());
  return serve();
}

Result<void> Agent::open_plane() {
  dataplane::UserSpaceDataPlane::Options plane;
  plane.nat_socket_v4 = sockets_->nat_v4();
  plane.nat_socket_v6 = sockets_->nat_v6();
  plane.raw_esp = !options_.force_udp_encapsulation;
  ASSIGN_OR_RETURN(plane_, dataplane::UserSpaceDataPlane::create(std::move(plane)));

  ike::EndpointConfig config;
  config.ike_port = options_.ports.ike;
  config.nat_port = options_.ports.nat;
  config.raw_esp = !options_.force_udp_encapsulation && plane_->capabilities().raw_esp;
  config.export_keys = key_export_ != nullptr;
  engine_ = std::make_unique<ike::Endpoint>(config, *context_, random_, *jitter_);

  Driver::Outlets outlets;
  outlets.transmit = [this](const ike::Datagram& datagram) {
    if (auto sent = sockets_->send(datagram); !sent) spdlog::debug("{}", sent.error().message);
  };
  outlets.event = [this](const ike::Event& event) { on_event(event); };
  outlets.installed = [this](const sa::ConnectionName& name, const Result<void>& result) {
    reconciler_->note_install(name, result);
    if (!result) spdlog::error("{}: a Child SA was not installed: {}", name, result.error().message);
  };
  if (key_export_) outlets.exported = [this](const sa::ChildSaSpec& child) { key_export_->add(child); };
  driver_ = std::make_unique<Driver>(*engine_, *plane_, std::move(outlets));
  reconciler_ = std::make_unique<Reconciler>(
      Reconciler::Parts{*engine_, *plane_, sources_, ledger_, [this](TimePoint now) { driver_->turn(now); }});
  return {};
}

Result<void> Agent::watch_inputs() {
  for (int fd : {sockets_->ike_v4(), sockets_->ike_v6()}) {
    if (fd >= 0) RETURN_IF_ERROR(loop_->watch(fd, [this, fd] { receive(fd); }));
  }
  RETURN_IF_ERROR(loop_->watch(plane_->event_fd(), [this] { receive_from_plane(); }));
  const sigset_t set = stop_signals();
  signals_ = dataplane::UniqueFd(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!signals_)
    return Error{ErrorCode::Internal, std::string("cannot receive signals: ") + std::strerror(errno)};
  return loop_->watch(signals_.get(), [this] { on_signal(); });
}

Result<void> Agent::serve() {
  OperatorLink::Parts parts;
  parts.version = options_.version;
  parts.node = options_.node_name;
  parts.apply = [this](v1::DesiredState& desired) {
    dirty_ = true;
    return reconciler_->apply(clock_.now(), desired);
  };
  parts.held = [this] { return reconciler_->held(); };
  parts.log = [](const std::string& text) { spdlog::info("{}", text); };
  link_ = std::make_unique<OperatorLink>(std::move(parts));

  RpcServer::Handler handler;
  handler.post = [this](std::function<void()> task) { loop_->post(std::move(task)); };
  handler.opened = [this](StreamId id, std::shared_ptr<SyncStream> stream) {
    link_->opened(id, std::move(stream));
  };
  handler.received = [this](StreamId id, v1::OperatorMessage message) {
    link_->received(id, std::move(message));
  };
  handler.closed = [this](StreamId id) { link_->closed(id); };
  handler.trigger = [this](const v1::TriggerRequest& request) { return trigger(request); };
  ASSIGN_OR_RETURN(rpc_, RpcServer::start(options_.listen, std::move(handler)));
  if (!options_.health_address.empty()) {
    ASSIGN_OR_RETURN(health_, HealthServer::start(options_.health_address));
  }
  spdlog::info("hawser-sidecar {} on node {} listens on {}, IKE ports {} and {}, data plane {}",
               options_.version, options_.node_name, options_.listen.address, options_.ports.ike,
               options_.ports.nat, dataplane::to_string(plane_->capabilities().kind));
  return {};
}

void Agent::receive(int fd) {
  sockets_->receive(fd, [this](const ike::Datagram& datagram) {
    engine_->handle_datagram(clock_.now(), datagram);
    driver_->turn(clock_.now());
  });
}

void Agent::receive_from_plane() {
  // As many at once as of the other port: the rest keeps the descriptor readable.
  for (int count = 0; count < DatagramReader::kBatch; ++count) {
    auto datagram = plane_->poll_ike_datagram();
    if (!datagram) break;
    engine_->handle_datagram(clock_.now(), {datagram->local, datagram->remote, std::move(datagram->payload)});
    driver_->turn(clock_.now());
  }
  driver_->turn(clock_.now());
}

void Agent::on_event(const ike::Event& event) {
  dirty_ = true;
  ledger_.fold(event);
  if (auto line = describe(event)) log_line(*line);
  if (const auto* keys = std::get_if<ike::IkeKeysDerived>(&event); keys != nullptr && key_export_) {
    if (!key_export_->add(*keys))
      spdlog::warn("Wireshark cannot decode IKE with this cipher; its keys are not written");
  }
}

Result<void> Agent::trigger(const v1::TriggerRequest& request) {
  const sa::ConnectionName name = request.namespace_() + "/" + request.name();
  const TimePoint now = clock_.now();
  dirty_ = true;
  switch (request.action()) {
    case v1::TriggerRequest::REKEY_CHILD_SA:
      return engine_->rekey_child(now, name);
    case v1::TriggerRequest::REKEY_IKE_SA:
      return engine_->rekey_ike(now, name);
    case v1::TriggerRequest::RESTART:
      return engine_->restart(now, name);
    default:
      break;
  }
  return Error{ErrorCode::InvalidArgument, "action: allowed: REKEY_CHILD_SA, REKEY_IKE_SA, RESTART"};
}

void Agent::refresh_snapshot(TimePoint now) {
  anchor_.update(now, clock_.wall_now());
  status::Inputs inputs;
  inputs.configured = reconciler_->configured();
  inputs.views = engine_->snapshot();
  inputs.tallies = &ledger_.tallies();
  for (const auto& configured : inputs.configured) {
    if (auto counters = plane_->counters(configured.name)) inputs.counters[configured.name] = *counters;
  }
  inputs.anchor = anchor_;
  inputs.data_plane = plane_->capabilities().kind;
  inputs.version = options_.version;
  snapshot_ = std::make_shared<const status::Snapshot>(status::fold(std::move(inputs)));
  if (options_.publish) options_.publish(snapshot_);
  dirty_ = false;
  next_snapshot_ = now + kSnapshotGap;
}

std::optional<TimePoint> Agent::turn() {
  TimePoint now = clock_.now();
  if (health_) health_->beat();
  if (now >= next_refresh_ && !farewell_) {
    reconciler_->refresh(now);
    next_refresh_ = now + kRefresh;
    dirty_ = true;
  }
  driver_->turn(now);
  if (farewell_ && !closing_ && (engine_->idle() || now >= *farewell_)) close_down();
  if (dirty_ && now >= next_snapshot_) refresh_snapshot(now);
  link_->publish(now, snapshot_);

  std::optional<TimePoint> wake = engine_->next_timeout();
  const auto sooner = [&wake](std::optional<TimePoint> time) {
    if (time && (!wake || *time < *wake)) wake = time;
  };
  if (!farewell_) sooner(next_refresh_);
  if (!closing_) sooner(farewell_);
  if (dirty_) sooner(next_snapshot_);
  sooner(link_->next_due());
  return wake;
}

void Agent::on_signal() {
  signalfd_siginfo info{};
  while (read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (!farewell_) {
      begin_farewell();
    } else {
      spdlog::info("second signal: not waiting for the peers");
      farewell_ = clock_.now();
    }
  }
}

void Agent::begin_farewell() {
  const TimePoint now = clock_.now();
  spdlog::info("stopping: telling every peer");
  if (health_) health_->stop_serving();
  link_->shut_down();
  farewell_ = now + kFarewell;
  engine_->shutdown(now);
}

// The loop goes on until gRPC has let go: a call under way may still need its answer.
void Agent::close_down() {
  closing_ = true;
  reconciler_->release_all();
  closer_ = std::thread([this] {
    rpc_->shut_down();
    loop_->post([this] { loop_->stop(); });
  });
}

void Agent::run() {
  refresh_snapshot(clock_.now());
  loop_->run([this] { return turn(); });
  closer_.join();
  spdlog::info("stopped; fail-closed routes stay");
}

}  // namespace

void prepare_process() {
  prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  std::signal(SIGPIPE, SIG_IGN);
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Result<void> run_agent(AgentOptions options) {
  Agent agent(std::move(options));
  RETURN_IF_ERROR(agent.start());
  agent.run();
  return {};
}

}  // namespace hawser::agent
