#include "operator/kube/object_versions.h"

#include <utility>

#include "operator/kube/json_text.h"
#include "operator/kube/resource_version.h"

namespace hawser::kube {
namespace {

std::string version_of(const nlohmann::json& object) {
  return text_at(object, {"metadata", "resourceVersion"});
}

}  // namespace

void strip(nlohmann::json& object) {
  // As large as the object itself, and of no use to us.
  auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return;
  metadata->erase("managedFields");
  // kubectl apply notes there what it was given: of a Secret the key itself, in clear.
  if (auto notes = metadata->find("annotations"); notes != metadata->end() && notes->is_object())
    notes->erase("kubectl.kubernetes.io/last-applied-configuration");
}

std::string key_of(const nlohmann::json& object) {
  const std::string name = text_at(object, {"metadata", "name"});
  if (name.empty() || version_of(object).empty()) return {};
  const std::string name_space = text_at(object, {"metadata", "namespace"});
  return name_space.empty() ? name : name_space + "/" + name;
}

bool ObjectVersions::replace(List list, const std::string& version, bool authoritative,
                             std::vector<ObjectChange>& changes) {
  if (newer(version_, version) && !authoritative) return false;
  for (auto it = known_.begin(); it != known_.end();) {
    if (list.contains(it->first)) {
      ++it;
      continue;
    }
    changes.push_back({ObjectChange::Type::Delete, it->first, nullptr});
    it = known_.erase(it);
  }
  for (auto& [key, object] : list) {
    std::string& known = known_[key];
    std::string found = version_of(object);
    if (known == found) continue;
    known = std::move(found);
    changes.push_back({ObjectChange::Type::Upsert, key, std::move(object)});
  }
  version_ = version;
  return true;
}

std::optional<ObjectChange> ObjectVersions::upsert(nlohmann::json object) {
  std::string key = key_of(object);
  if (key.empty()) return std::nullopt;
  const std::string version = version_of(object);
  auto known = known_.find(key);
  // An old event of an object that is not there any more must not bring it back.
  if (!newer(version, known == known_.end() ? version_ : known->second)) return std::nullopt;
  known_[key] = version;
  advance(version);
  return ObjectChange{ObjectChange::Type::Upsert, std::move(key), std::move(object)};
}

std::optional<ObjectChange> ObjectVersions::remove(nlohmann::json object) {
  std::string key = key_of(object);
  auto known = known_.find(key);
  const std::string version = version_of(object);
  if (known == known_.end() || newer(known->second, version)) {
    if (!key.empty()) advance(version);
    return std::nullopt;
  }
  known_.erase(known);
  advance(version);
  return ObjectChange{ObjectChange::Type::Delete, std::move(key), std::move(object)};
}

void ObjectVersions::advance(const std::string& version) {
  if (newer(version, version_)) version_ = version;
}

}  // namespace hawser::kube
