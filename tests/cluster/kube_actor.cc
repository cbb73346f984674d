// The parts on the client, each against a real API server. What they see and do goes to standard output as
// lines of JSON; the end of standard input ends them.
//
//     kube_actor KUBECONFIG follow PATH             a reflector
//     kube_actor KUBECONFIG lead NAMESPACE NAME IDENTITY    an election; gives the Lease back at the end
//     kube_actor KUBECONFIG record                  an event recorder; events are lines of JSON on standard
//     input
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <random>

#include "operator/kube/api_client.h"
#include "operator/kube/config/kubeconfig.h"
#include "operator/kube/cpprest/cpprest_transport.h"
#include "operator/kube/cpprest/threads.h"
#include "operator/kube/event_recorder.h"
#include "operator/kube/lease_election.h"
#include "operator/kube/reflector.h"

namespace hawser::kube {
namespace {

using Json = nlohmann::json;

void print(const Json& line) { std::cout << line.dump() << std::endl; }

// One part: what to do at each turn, when the next is due at the latest, and what to do with a line of input.
struct Part {
  std::function<void(TimePoint, WallTime)> step;
  std::function<std::optional<TimePoint>()> next_deadline;
  std::function<void(const std::string&, TimePoint, WallTime)> line = [](const std::string&, TimePoint,
                                                                         WallTime) {};
  std::function<void(TimePoint, WallTime)> finish = [](TimePoint, WallTime) {};  // standard input has ended
  std::function<bool()> over = [] { return true; };                              // after finish()
};

class Loop {
 public:
  explicit Loop(int bell) : bell_(bell) {}

  void run(Client& client, Part& part) {
    while (!(ended_ && part.over())) {
      client.step(clock_.now());
      part.step(clock_.now(), clock_.wall_now());
      std::optional<TimePoint> next = part.next_deadline();
      if (auto other = client.next_deadline(); other && (!next || *other < *next)) next = other;
      wait(next);
      take_lines(part);
    }
  }

 private:
  void wait(std::optional<TimePoint> next) {
    int timeout = 1000;
    if (next) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - clock_.now());
      timeout = static_cast<int>(std::clamp<int64_t>(left.count(), 0, 1000));
    }
    pollfd files[] = {{bell_, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    poll(files, ended_ ? 1 : 2, timeout);
    uint64_t count = 0;
    if ((files[0].revents & POLLIN) != 0 && read(bell_, &count, sizeof count) < 0) std::abort();
    if (ended_ || files[1].revents == 0) return;
    char buffer[4096];
    const ssize_t length = read(STDIN_FILENO, buffer, sizeof buffer);
    if (length > 0) input_.append(buffer, static_cast<size_t>(length));
    at_end_ = length <= 0;
  }
  void take_lines(Part& part) {
    for (size_t end; (end = input_.find('\n')) != std::string::npos; input_.erase(0, end + 1))
      part.line(input_.substr(0, end), clock_.now(), clock_.wall_now());
    if (at_end_ && !std::exchange(ended_, true)) part.finish(clock_.now(), clock_.wall_now());
  }

  const SystemClock clock_;
  const int bell_;
  std::string input_;
  bool at_end_ = false, ended_ = false;
};

void follow(Client& client, Loop& loop, Jitter& jitter, const std::string& path) {
  Reflector reflector(client, {path, "", ""}, jitter);
  std::string trouble;
  bool synced = false;
  size_t relists = 0;
  Part part;
  part.next_deadline = [&] { return reflector.next_deadline(); };
  part.step = [&](TimePoint now, WallTime) {
    reflector.step(now);
    for (const ObjectChange& change : reflector.take_changes())
      print({{"change", change.type == ObjectChange::Type::Upsert ? "upsert" : "delete"},
             {"key", change.key},
             {"object", change.object}});
    if (reflector.synced() != std::exchange(synced, reflector.synced())) print({{"synced", true}});
    if (relists != reflector.relists()) print({{"relists", relists = reflector.relists()}});
    if (trouble != reflector.trouble()) print({{"trouble", trouble = reflector.trouble()}});
  };
  loop.run(client, part);
}

int lead(Client& client, Loop& loop, Jitter& jitter, LeaseElection::Options options) {
  using State = LeaseElection::State;
  constexpr const char* kNames[] = {"standby", "leading", "lost"};
  LeaseElection election(client, std::move(options), jitter);
  std::optional<State> state;
  Part part;
  part.next_deadline = [&] { return election.next_deadline(); };
  part.step = [&](TimePoint now, WallTime wall) {
    election.step(now, wall);
    if (state == election.state()) return;
    state = election.state();
    print({{"state", kNames[static_cast<size_t>(*state)]},
           {"epoch", *state == State::Leading ? election.epoch() : 0},
           {"trouble", election.trouble()}});
    if (*state == State::Lost) std::exit(3);
  };
  part.finish = [&](TimePoint now, WallTime wall) { election.release(now, wall); };
  part.over = [&] { return election.released(); };
  loop.run(client, part);
  return 0;
}

void record(Client& client, Loop& loop) {
  EventRecorder recorder(client, {"hawser.dev/operator", "kube-actor"});
  uint64_t dropped = 0;
  Part part;
  part.next_deadline = [&] { return recorder.next_deadline(); };
  part.step = [&](TimePoint now, WallTime wall) {
    recorder.step(now, wall);
    if (dropped != recorder.dropped()) print({{"dropped", dropped = recorder.dropped()}});
  };
  part.line = [&](const std::string& text, TimePoint now, WallTime wall) {
    const Json line = Json::parse(text);
    EventNote note;
    note.regarding = {line.at("apiVersion"), line.at("kind"), line.at("namespace"),
                      line.at("name"),       line.at("uid"),  ""};
    note.warning = line.at("warning");
    note.reason = line.at("reason");
    note.action = line.at("action");
    note.note = line.at("note");
    recorder.record(std::move(note), now, wall);
  };
  loop.run(client, part);
}

int main(const std::string& kubeconfig, const std::vector<std::string>& words) {
  limit_http_threads(4);
  auto access = kubeconfig_access({.file = kubeconfig, .context = ""});
  if (!access) {
    std::cerr << access.error().message << "\n";
    return 2;
  }
  auto transport = CpprestTransport::create(access->server, std::move(access->tls));
  if (!transport) {
    std::cerr << transport.error().message << "\n";
    return 2;
  }
  const int bell = eventfd(0, EFD_CLOEXEC);
  auto client =
      make_client(**transport, *access->credentials, {.user_agent = user_agent("kube_actor", "1")}, [bell] {
        const uint64_t one = 1;
        if (write(bell, &one, sizeof one) < 0) std::abort();
      });
  Loop loop(bell);
  SeededJitter jitter(std::random_device{}());
  if (words.size() == 2 && words[0] == "follow") {
    follow(*client, loop, jitter, words[1]);
  } else if (words.size() == 4 && words[0] == "lead") {
    LeaseElection::Options options;
    options.namespace_ = words[1];
    options.name = words[2];
    options.identity = words[3];
    return lead(*client, loop, jitter, std::move(options));
  } else if (words.size() == 1 && words[0] == "record") {
    record(*client, loop);
  } else {
    std::cerr << "kube_actor KUBECONFIG follow PATH | lead NAMESPACE NAME IDENTITY | record\n";
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace hawser::kube

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  return hawser::kube::main(argv[1], {argv + 2, argv + argc});
}
