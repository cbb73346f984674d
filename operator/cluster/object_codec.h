#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "operator/api/kinds.h"

// Objects as the API server sends them, to typed ones.
namespace hawser::cluster {

struct DecodedObject {
  // With the server's metadata; nullopt when its text is no such object.
  std::optional<api::AnyObject> object;
  std::string fault;  // what is wrong with it: "spec.sku: …; spec.profile: …"
};

// Only spec (of a Secret: data) and the metadata that api::ObjectMeta has are looked at: the rest is the
// server's affair. Fields of spec that this version does not know are a newer one's and ignored. Values of a
// Secret are wiped in `json`.
DecodedObject decode_object(api::Kind kind, nlohmann::json& json);

// metadata.<name> when it is text, else empty.
std::string metadata_text(const nlohmann::json& json, const char* name);
int64_t generation_of(const nlohmann::json& json);
// A resource version as a number, which Kubernetes promises since 1.35 that it is; 0 when it is none.
uint64_t version_number(const std::string& version);
// Of the object or of the list.
uint64_t resource_version_of(const nlohmann::json& json);

}  // namespace hawser::cluster
