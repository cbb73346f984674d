#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/random.h"
#include "operator/kube/client.h"

namespace hawser::kube {

// What is watched: a collection, or one object of it by name.
struct Scope {
  std::string path;            // "/apis/hawser.dev/v1alpha1/namespaces/a/connections", "/api/v1/pods"
  std::string name;            // "site6-psk": this object only; empty: all
  std::string label_selector;  // of a collection
};

struct ObjectChange {
  enum class Type : uint8_t { Upsert, Delete };
  Type type = Type::Upsert;
  std::string key;        // "namespace/name"; "name" of a cluster-scoped object
  nlohmann::json object;  // without metadata.managedFields; null when deleted and the last state is unknown
};

// Keeps up with one collection as client-go's reflector does (streaming list where the server has it, else
// list and watch; bookmarks, 410, resume, back-off with jitter), or with one object by watch and GET, which
// needs no right to list. Holds no objects, only their resource versions: the owner keeps what it needs.
// Belongs to the client's thread; the client outlives it.
class Reflector {
 public:
  Reflector(Client& client, Scope scope, Jitter& jitter);
  ~Reflector();
  // Starts what is due. Call after client.step().
  void step(TimePoint now);
  std::optional<TimePoint> next_deadline() const;
  // In order, each once. After a relist, objects that are gone come as Delete.
  std::vector<ObjectChange> take_changes();
  // The first whole list has been handed out by take_changes(): absence means something from then on.
  bool synced() const;
  // Why it does not keep up just now; empty: it does. Forbidden and a missing CRD are told by name.
  std::string trouble() const;
  // The trouble is that nobody answers, or that there is nothing to prove oneself with: every other reflector
  // of the same client has it too.
  bool unanswered() const;
  // How far it has read: the resource version of its collection; empty before the first list.
  const std::string& version() const;
  size_t relists() const;
  // Watches that brought nothing for 90 s and were opened again.
  size_t idle_ends() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hawser::kube
