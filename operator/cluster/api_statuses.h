#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operator/cluster/status_observer.h"
#include "operator/kube/client.h"
#include "operator/kube/work_queue.h"
#include "operator/store/status_sink.h"

namespace hawser::cluster {

// StatusSink of a cluster: server-side apply to the status of each object, a few at a time, until the server
// has what was written here last. A status that somebody else changes is put right again. Belongs to the
// client's thread.
class ApiStatuses final : public store::StatusSink, public StatusObserver {
 public:
  static constexpr const char* kFieldManager = "hawser-operator-status";
  static constexpr size_t kInFlight = 16;

  // `client` outlives it.
  explicit ApiStatuses(kube::Client& client);
  ~ApiStatuses() override;

  // As the server has them, as far as they are known.
  std::map<api::ObjectKey, api::Status> statuses() const override;
  // Never fails: what the server says to it comes as a notice. True: it will be written.
  Result<bool> write(const api::ObjectKey& key, const api::ObjectMeta& meta,
                     const api::Status& status) override;
  Result<void> remove(const api::ObjectKey& key) override;
  std::vector<store::Notice> take_notices() override;

  void saw(const api::ObjectKey& key, uint64_t resource_version, const nlohmann::json& status) override;
  void gone(const api::ObjectKey& key) override;

  // Sends what is due; `may_act` is asked before each. Call after client.step().
  void step(TimePoint now, const std::function<bool()>& may_act = {});
  std::optional<TimePoint> next_deadline() const;
  // Nothing waits and nothing is under way.
  bool idle() const { return in_flight_ == 0 && unwritten_ == 0; }
  size_t in_flight() const { return in_flight_; }
  // The permission that is missing, for one of those that need it; empty: none.
  std::string trouble() const { return forbidden_.empty() ? "" : forbidden_.begin()->second; }
  uint64_t retries() const { return queue_.retries(); }

 private:
  struct Entry {
    std::optional<api::Status> there;    // at the server
    uint64_t resource_version = 0;       // of `there`
    std::optional<api::Status> settled;  // what `there` was made from by us; none: somebody else wrote it
    std::optional<api::Status> wanted;   // when it is another than what is settled
    std::string uid;
    bool ours = false;  // written through here: then it stays as written
    std::unique_ptr<kube::Client::Call> call;
    std::optional<api::Status> sent;  // by `call`
  };
  using Entries = std::map<api::ObjectKey, Entry>;

  // What is as good as written.
  static const std::optional<api::Status>& present(const Entry& entry) {
    return entry.settled ? entry.settled : entry.there;
  }
  void want(const api::ObjectKey& key, Entry& entry, std::optional<api::Status> status);
  void send(const api::ObjectKey& key, Entry& entry);
  void finish(const api::ObjectKey& key, kube::ApiAnswer answer);
  void fail(const api::ObjectKey& key, Entry& entry, const std::optional<api::Status>& sent,
            const kube::ApiError& error);
  void drop(const api::ObjectKey& key);

  kube::Client& client_;
  Entries entries_;
  kube::WorkQueue<api::ObjectKey> queue_;
  TimePoint now_{};
  size_t in_flight_ = 0;
  size_t unwritten_ = 0;                                    // entries that have a `wanted`
  std::map<api::ObjectKey, std::string> forbidden_;         // of what is wanted: why it cannot be written
  int told_failure_ = -1;                                   // code of the failure that is in the log already
  std::vector<std::unique_ptr<kube::Client::Call>> ended_;  // a call does not end itself
  std::vector<store::Notice> notices_;
};

}  // namespace hawser::cluster
