#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "operator/kube/reflector.h"

namespace hawser::kube {

// "namespace/name", or "name" without a namespace; empty when it is no object of the API.
std::string key_of(const nlohmann::json& object);
// Removes metadata.managedFields, and what kubectl apply notes of its own input.
void strip(nlohmann::json& object);

// What a reflector has handed out: the version of each object, and how far it has read. No I/O.
class ObjectVersions {
 public:
  // A whole list, by key.
  using List = std::map<std::string, nlohmann::json>;

  // `authoritative`: the server was asked for its newest state. Only then may the list be older than what was
  // read before (the server was restored from a backup); false and no change when it is and may not.
  bool replace(List list, const std::string& version, bool authoritative, std::vector<ObjectChange>& changes);
  // An event of a watch that began at version(). Returns what to hand out; nullopt: nothing new.
  std::optional<ObjectChange> upsert(nlohmann::json object);
  std::optional<ObjectChange> remove(nlohmann::json object);
  // Never goes back.
  void advance(const std::string& version);

  // Up to here everything has been handed out; empty: nothing read yet.
  const std::string& version() const { return version_; }
  size_t size() const { return known_.size(); }

 private:
  std::map<std::string, std::string> known_;  // version by key
  std::string version_;
};

}  // namespace hawser::kube
