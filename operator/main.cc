// hawser-operator: reads objects of a folder or of a cluster, checks them against the Azure Stack rules,
// tells the sidecars, writes status.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "operator/app/runtime.h"
#include "operator/kube/cpprest/threads.h"

// Read by jemalloc at its start. The threads of libraries would each keep an arena of freed memory of its
// own; and what an hour of trouble took is given back a second later, also when nothing happens any more.
extern "C" const char* malloc_conf;
const char* malloc_conf = "narenas:2,background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0";

namespace {

// Shared keys are in this process's memory. The limit alone does not hold where core_pattern is a pipe.
void forbid_core_dumps() {
  prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

// Each Secret that is followed is a connection of its own, and some runtimes start with 1,024 descriptors.
// This is enough for one Secret each of 60,000 connections.
void take_all_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::max(limit.rlim_cur, std::min<rlim_t>(limit.rlim_max, 65536));
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Before any thread exists: all of them inherit the mask, so the signals arrive here only.
int take_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signalfd(-1, &signals, SFD_CLOEXEC);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace hawser;
  forbid_core_dumps();
  take_all_descriptors();
  // gRPC writes its own lines to standard error; what matters of them is in ours.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  const auto parsed = app::parse_command_line({argv + 1, argv + argc});
  if (!parsed.options) {
    (parsed.exit_code == 0 ? std::cout : std::cerr) << parsed.text;
    return parsed.exit_code;
  }
  const int stop_fd = take_stop_signals();
  kube::limit_http_threads(2);
  const SystemClock clock;
  const app::Log log(parsed.options->log_level, parsed.options->log_format);
  auto runtime = app::Runtime::start(*parsed.options, clock, log);
  if (!runtime) {
    log.error(runtime.error().message);
    return 1;
  }
  return (*runtime)->run(stop_fd);
}
