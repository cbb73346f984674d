#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "operator/cluster/status_observer.h"
#include "operator/kube/reflector.h"
#include "operator/store/object_source.h"

namespace hawser::cluster {

// ObjectSource of a cluster: one reflector for each kind and namespace, and one for each Secret that a
// Connection names, which ends when no Connection names it any more. Belongs to the client's thread: step the
// client first, then poll().
class ApiObjects final : public store::ObjectSource {
 public:
  // A Secret that has not answered for so long counts as not there, and the others need not wait for it.
  static constexpr Duration kSecretWait = std::chrono::seconds(1);

  // `namespaces`: empty means all. `observer` may be null. All of them outlive it.
  ApiObjects(kube::Client& client, const std::vector<std::string>& namespaces, Jitter& jitter,
             StatusObserver* observer);
  ~ApiObjects() override;

  // The client rings for it.
  int event_fd() const override { return -1; }
  std::optional<TimePoint> next_deadline() const override;
  // Until synced() the snapshot is empty and not complete.
  bool poll(store::Now now) override;
  // Made when somebody asks: several polls may pass between two looks at ten thousand objects.
  std::shared_ptr<const store::SourceSnapshot> snapshot() const override;
  std::vector<store::Notice> take_notices() override;

  // Every kind has been read whole once, and every Secret that is referred to has been read or was refused.
  bool synced() const { return synced_; }
  // Why it is not synced or does not keep up; empty: all is well.
  std::string trouble() const;
  // How far the kinds have been read: of this cluster's one clock. Deleting the newest object does not put it
  // back.
  uint64_t newest_resource_version() const;
  size_t secret_watches() const { return secrets_.size(); }

 private:
  // Trouble of one watch that is in the log already.
  struct Told {
    std::string trouble;
    bool unanswered = false;  // then the log has it once for all watches
  };
  struct KindWatch {
    api::Kind kind{};
    std::unique_ptr<kube::Reflector> reflector;
    Told told;
  };
  struct SecretWatch {
    std::unique_ptr<kube::Reflector> reflector;
    TimePoint since{};
    Told told;
  };
  // What was decoded last of an object; the status' own writes change none of it.
  struct Decoded {
    std::string uid;
    int64_t generation = 0;
    friend bool operator==(const Decoded&, const Decoded&) = default;
  };
  void take(api::Kind kind, kube::ObjectChange change);
  void take_object(const api::ObjectKey& key, nlohmann::json& json);
  void erase(const api::ObjectKey& key);
  void refer(const std::string& connection, const std::string& secret);
  void watch_secrets(TimePoint now);
  void step_secrets(TimePoint now);
  bool secrets_settled(TimePoint now) const;
  void tell(const std::string& what, const kube::Reflector& reflector, Told& told);
  void tell_of_the_server();
  void publish();

  kube::Client& client_;
  Jitter& jitter_;
  StatusObserver* observer_;
  std::vector<KindWatch> kinds_;
  std::map<std::string, SecretWatch> secrets_;    // by "namespace/name"
  std::map<std::string, std::string> secret_of_;  // by connection
  std::map<std::string, size_t> references_;      // by Secret
  std::set<std::string> references_changed_;      // Secrets whose watch may begin or end
  std::set<std::string> unsettled_;               // Secrets that have not answered yet
  std::map<api::ObjectKey, Decoded> decoded_;
  // What the next snapshot will have, that the last has not; nullopt: the object is gone.
  std::map<api::ObjectKey, std::optional<api::AnyObject>> edits_;
  std::map<api::ObjectKey, store::Fault> broken_;
  std::map<api::ObjectKey, std::string> unreadable_;
  bool changed_ = false;  // since poll() was true
  bool synced_ = false;
  uint64_t revision_ = 0;
  std::shared_ptr<store::SourceSnapshot> snapshot_;  // null before the first poll()
  bool unanswered_told_ = false;
  std::vector<store::Notice> notices_;
};

}  // namespace hawser::cluster
