#include "operator/cluster/object_codec.h"

#include <charconv>

#include "common/base/secret.h"
#include "operator/api/codec.h"

namespace hawser::cluster {
namespace {

using Json = nlohmann::json;

void wipe_text(std::string& text) {
  wipe({reinterpret_cast<uint8_t*>(text.data()), text.size()});
  text.clear();
}

// What a manifest of this object would say. The server's fields (managedFields, finalizers, what a newer
// version adds) are nobody's mistake here.
Json manifest_of(api::Kind kind, const Json& json) {
  Json out = Json::object();
  out["apiVersion"] = kind == api::Kind::Secret ? "v1" : std::string(api::kApiVersion);
  out["kind"] = std::string(api::row(kind).name);
  for (const char* name : {"name", "namespace", "uid", "creationTimestamp"})
    if (std::string text = metadata_text(json, name); !text.empty()) out["metadata"][name] = text;
  if (const int64_t generation = generation_of(json); generation != 0)
    out["metadata"]["generation"] = generation;
  const char* body = kind == api::Kind::Secret ? "data" : "spec";
  if (auto found = json.find(body); found != json.end() && !found->is_null()) out[body] = *found;
  return out;
}

void wipe_data(Json& json) {
  auto data = json.find("data");
  if (data == json.end() || !data->is_object()) return;
  for (auto& value : *data)
    if (value.is_string()) wipe_text(value.get_ref<std::string&>());
}

std::string fault_of(const std::vector<api::Problem>& problems) {
  std::string text;
  for (const api::Problem& problem : problems) {
    if (problem.severity != api::Severity::Error) continue;
    if (!text.empty()) text += "; ";
    if (!problem.field_path.empty()) text += problem.field_path + ": ";
    text += problem.message;
  }
  return text;
}

}  // namespace

std::string metadata_text(const Json& json, const char* name) {
  auto metadata = json.find("metadata");
  if (metadata == json.end() || !metadata->is_object()) return {};
  auto value = metadata->find(name);
  return value != metadata->end() && value->is_string() ? value->get<std::string>() : std::string();
}

int64_t generation_of(const Json& json) {
  auto metadata = json.find("metadata");
  if (metadata == json.end() || !metadata->is_object()) return 0;
  auto value = metadata->find("generation");
  return value != metadata->end() && value->is_number_integer() ? value->get<int64_t>() : 0;
}

uint64_t version_number(const std::string& version) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), number);
  return error == std::errc() && end == version.data() + version.size() ? number : 0;
}

uint64_t resource_version_of(const Json& json) {
  return version_number(metadata_text(json, "resourceVersion"));
}

DecodedObject decode_object(api::Kind kind, Json& json) {
  Json manifest = manifest_of(kind, json);
  std::string text = manifest.dump(-1, ' ', false, Json::error_handler_t::replace);
  api::ParsedManifests parsed = api::parse_manifests("", text, api::UnknownFields::Ignore);
  if (kind == api::Kind::Secret) {
    wipe_data(manifest);
    wipe_data(json);
    wipe_text(text);
  }
  DecodedObject out;
  out.fault = fault_of(parsed.problems);
  if (!out.fault.empty()) return out;
  if (parsed.objects.size() != 1) {
    out.fault = "it is no " + std::string(api::row(kind).name);
    return out;
  }
  out.object = std::move(parsed.objects.front());
  // Places in a text that nobody sees.
  std::visit([](auto& value) { value.positions = {}; }, *out.object);
  return out;
}

}  // namespace hawser::cluster
