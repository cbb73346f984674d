// A sidecar without tunnels, for tests of the operator alone: it takes over whatever it is told, says that
// every connection is established, and prints what each DesiredState brought.
//
//   acking_sidecar SOCKET NODE [STATE]
//
// One line of JSON each on standard output: {"time": monotonic seconds when the Ack was written, "epoch",
// "generation", "entries", "changed": names (at most 20), "changedCount", "removedCount"}. STATE is a file
// that always has what is held: a line "namespace/name remote-address dpd-seconds sa-lifetime-seconds" each.
#include <grpcpp/grpcpp.h>
#include <time.h>

#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "hawser/v1/sidecar.grpc.pb.h"

namespace {

using namespace hawser;

double monotonic_seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// What is held now, across streams.
class Holdings {
 public:
  struct Change {
    std::vector<std::string> changed;
    size_t removed = 0;
  };
  // Not what it was told to hold and never had.
  bool has(const std::string& name) const {
    auto found = held_.find(name);
    return found != held_.end() && !found->second.empty();
  }
  void write(const std::string& path) const {
    const std::string fresh = path + ".new";
    std::FILE* out = std::fopen(fresh.c_str(), "w");
    if (out == nullptr) return;
    for (const auto& [name, text] : held_) {
      if (text.empty()) continue;  // told to hold what it never had
      v1::ConnectionSpec spec;
      spec.ParseFromString(text);
      std::fprintf(out, "%s %s %u %u\n", name.c_str(), spec.remote_address().c_str(),
                   spec.dpd_timeout_seconds(), spec.policy().sa_life_time_seconds());
    }
    std::fclose(out);
    std::rename(fresh.c_str(), path.c_str());
  }
  Change replace(const v1::DesiredState& state) {
    Change change;
    std::map<std::string, std::string> now;
    for (const auto& entry : state.entries()) {
      const std::string name = entry.namespace_() + "/" + entry.name();
      auto before = held_.find(name);
      std::string text = entry.has_spec()        ? entry.spec().SerializeAsString()
                         : before == held_.end() ? ""
                                                 : before->second;
      if (before == held_.end() || before->second != text) change.changed.push_back(name);
      now.emplace(name, std::move(text));
    }
    for (const auto& [name, text] : held_) change.removed += now.contains(name) ? 0u : 1u;
    held_ = std::move(now);
    return change;
  }

 private:
  std::map<std::string, std::string> held_;
};

void set_established(const std::string& full_name, v1::ConnectionStatus& status) {
  const size_t slash = full_name.find('/');
  status.set_namespace_(full_name.substr(0, slash));
  status.set_name(full_name.substr(slash + 1));
  status.set_programmed(true);
  status.set_established_reason("Established");
  status.set_pfs_verified_reason("NotRequired");
}

class Service final : public v1::SidecarService::Service {
 public:
  Service(std::string node, std::string state_file)
      : node_(std::move(node)), state_file_(std::move(state_file)) {}

  grpc::Status Sync(grpc::ServerContext*,
                    grpc::ServerReaderWriter<v1::SidecarMessage, v1::OperatorMessage>* stream) override {
    v1::OperatorMessage message;
    bool full = true;
    while (stream->Read(&message)) {
      std::lock_guard lock(mutex_);
      if (message.has_hello()) {
        if (message.hello().epoch() < epoch_)
          return {grpc::FAILED_PRECONDITION, "epoch " + std::to_string(epoch_) + " is in force"};
        epoch_ = message.hello().epoch();
        greet(*stream);
      } else if (message.has_desired_state()) {
        if (message.desired_state().epoch() < epoch_)
          return {grpc::FAILED_PRECONDITION, "epoch " + std::to_string(epoch_) + " is in force"};
        take(message.desired_state(), *stream, full);
        full = false;
      }
    }
    return grpc::Status::OK;
  }

 private:
  using Stream = grpc::ServerReaderWriter<v1::SidecarMessage, v1::OperatorMessage>;

  void greet(Stream& stream) {
    v1::SidecarMessage hello;
    hello.mutable_hello()->set_version("test");
    hello.mutable_hello()->set_epoch(epoch_);
    hello.mutable_hello()->set_identity(node_);
    stream.Write(hello);
  }

  void take(const v1::DesiredState& state, Stream& stream, bool full) {
    const Holdings::Change change = holdings_.replace(state);
    if (!state_file_.empty()) holdings_.write(state_file_);
    v1::SidecarMessage ack, status;
    ack.mutable_ack()->set_generation(state.generation());
    status.mutable_status()->set_full(full);
    for (const auto& entry : state.entries()) {
      auto* one = ack.mutable_ack()->add_entries();
      one->set_namespace_(entry.namespace_());
      one->set_name(entry.name());
      one->set_code("OK");
      const std::string name = entry.namespace_() + "/" + entry.name();
      if (full && holdings_.has(name)) set_established(name, *status.mutable_status()->add_connections());
    }
    if (!full)
      for (const std::string& name : change.changed)
        if (holdings_.has(name)) set_established(name, *status.mutable_status()->add_connections());
    stream.Write(ack);
    tell(state, change);
    stream.Write(status);
  }

  static void tell(const v1::DesiredState& state, const Holdings::Change& change) {
    std::string names;
    for (size_t i = 0; i < change.changed.size() && i < 20; ++i)
      names += std::string(i == 0 ? "" : ",") + "\"" + change.changed[i] + "\"";
    std::printf(
        "{\"time\":%.6f,\"epoch\":%llu,\"generation\":%llu,\"entries\":%d,\"changed\":[%s],\"changedCount\":%"
        "zu,"
        "\"removedCount\":%zu}\n",
        monotonic_seconds(), static_cast<unsigned long long>(state.epoch()),
        static_cast<unsigned long long>(state.generation()), state.entries_size(), names.c_str(),
        change.changed.size(), change.removed);
    std::fflush(stdout);
  }

  const std::string node_;
  const std::string state_file_;
  std::mutex mutex_;
  uint64_t epoch_ = 0;  // guarded by mutex_
  Holdings holdings_;   // guarded by mutex_
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    std::fprintf(stderr, "usage: acking_sidecar SOCKET NODE [STATE]\n");
    return 2;
  }
  Service service(argv[2], argc == 4 ? argv[3] : "");
  grpc::ServerBuilder builder;
  builder.AddListeningPort(std::string("unix:") + argv[1], grpc::InsecureServerCredentials());
  builder.SetMaxReceiveMessageSize(256 << 20);
  builder.SetMaxSendMessageSize(256 << 20);
  builder.RegisterService(&service);
  auto server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  server->Wait();
}
