// Manifests: whatever the text, objects and problems come back, and what is accepted survives being written
// and read again.
#include <cstdint>
#include <nlohmann/json.hpp>

#include "common/base/check.h"
#include "operator/api/codec.h"
#include "operator/api/object_set.h"
#include "operator/policy/policy.h"

namespace {

using namespace hawser;

void check_round_trip(const api::AnyObject& object) {
  const api::ObjectKey key = api::key_of(object);
  if (key.kind == api::Kind::Secret) return;  // its values are never written
  const auto spec = api::spec_to_json(object);
  const nlohmann::ordered_json manifest = {{"apiVersion", api::kApiVersion},
                                           {"kind", api::row(key.kind).name},
                                           {"metadata", {{"name", key.name}, {"namespace", key.namespace_}}},
                                           {"spec", spec}};
  const api::ParsedManifests again = api::parse_manifests("again.yaml", api::to_yaml(manifest));
  CHECK(again.objects.size() == 1);
  CHECK(api::key_of(again.objects[0]) == key);
  CHECK(api::spec_to_json(again.objects[0]) == spec);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  api::ParsedManifests parsed = api::parse_manifests("fuzz.yaml", text);
  api::ObjectSet objects;
  for (auto& object : parsed.objects) {
    check_round_trip(object);
    api::insert(objects, object);
  }
  for (const auto& problem : policy::lint(objects))
    CHECK(!problem.message.empty() && !problem.field_path.empty());
  for (const auto& problem : parsed.problems) CHECK(!problem.message.empty() && problem.position.line > 0);
  (void)api::from_yaml(text);
  return 0;
}
