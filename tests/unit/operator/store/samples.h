#pragma once

#include <map>
#include <string>

#include "operator/store/status_sink.h"

namespace hawser::store {

inline std::string policy_yaml(const std::string& name, const std::string& ike_encryption = "AES256") {
  return "apiVersion: hawser.dev/v1alpha1\nkind: IpsecPolicy\nmetadata:\n  name: " + name +
         "\nspec:\n  ikeEncryption: " + ike_encryption +
         "\n  ikeIntegrity: SHA256\n  dhGroup: ECP384\n  ipsecEncryption: AES256\n  ipsecIntegrity: SHA256\n"
         "  pfsGroup: None\n";
}

inline std::string secret_yaml(const std::string& name, const std::string& value) {
  return "apiVersion: v1\nkind: Secret\nmetadata:\n  name: " + name + "\nstringData:\n  psk: " + value + "\n";
}

inline api::ObjectKey policy_key(const std::string& name) {
  return {api::Kind::IpsecPolicy, "default", name};
}

// Generations in memory.
class FakeMetadata final : public MetadataKeeper {
 public:
  api::ObjectMeta assign(const api::ObjectKey& key, const std::string& spec_digest, WallTime) override {
    auto& [digest, generation] = known_[key];
    if (generation == 0 || digest != spec_digest) ++generation;
    digest = spec_digest;
    api::ObjectMeta meta;
    meta.namespace_ = key.namespace_;
    meta.name = key.name;
    meta.generation = generation;
    return meta;
  }

 private:
  std::map<api::ObjectKey, std::pair<std::string, int64_t>> known_;
};

}  // namespace hawser::store
