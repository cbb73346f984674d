#include "operator/store/status_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "operator/api/codec.h"

namespace hawser::store {
namespace {

using Json = nlohmann::ordered_json;
constexpr const char* kDigestAnnotation = "hawser.dev/spec-digest";

// Only what render() writes has to be understood: a plain scalar is a number, a truth value or null where it
// looks like one.
Json scalar_to_json(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  if (text == "true" || text == "false") return text == "true";
  if (text.empty() || text == "null" || text == "~") return nullptr;
  return text;
}

Json to_json(const YAML::Node& node, int depth) {
  if (depth > 32) return nullptr;
  Json json;
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return scalar_to_json(node);
    case YAML::NodeType::Sequence:
      json = Json::array();
      for (const YAML::Node& item : node) json.push_back(to_json(item, depth + 1));
      return json;
    case YAML::NodeType::Map:
      json = Json::object();
      for (const auto& item : node) json[item.first.Scalar()] = to_json(item.second, depth + 1);
      return json;
    default:
      return nullptr;
  }
}

std::string string_at(const Json& json, const char* name) {
  auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<StatusRecord> from_json(const Json& json) {
  const auto* row = std::ranges::find(api::kKinds, string_at(json, "kind"), &api::KindRow::name);
  if (string_at(json, "apiVersion") != api::kApiVersion || row == std::end(api::kKinds))
    return Error{ErrorCode::InvalidArgument, "not the status of one of our kinds"};
  if (!json.contains("metadata") || !json["metadata"].is_object() || !json.contains("status"))
    return Error{ErrorCode::InvalidArgument, "metadata or status is missing"};
  const Json& metadata = json["metadata"];
  StatusRecord record;
  record.key = {row->kind, string_at(metadata, "namespace"), string_at(metadata, "name")};
  record.creation_timestamp = string_at(metadata, "creationTimestamp");
  if (metadata.contains("generation") && metadata["generation"].is_number_integer())
    record.generation = metadata["generation"].get<int64_t>();
  if (metadata.contains("annotations") && metadata["annotations"].is_object())
    record.spec_digest = string_at(metadata["annotations"], kDigestAnnotation);
  if (record.key.name.empty() || record.key.namespace_.empty())
    return Error{ErrorCode::InvalidArgument, "metadata.name or metadata.namespace is missing"};
  ASSIGN_OR_RETURN(record.status, api::status_from_json(json["status"]));
  return record;
}

// As a file name: Kubernetes names have no '/', and none begins with a dot.
bool is_safe(const std::string& name) {
  return !name.empty() && name.size() <= 253 && name.front() != '.' && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

}  // namespace

std::string render(const StatusRecord& record) {
  Json json;
  json["apiVersion"] = api::kApiVersion;
  json["kind"] = api::row(record.key.kind).name;
  Json& metadata = json["metadata"];
  metadata["name"] = record.key.name;
  metadata["namespace"] = record.key.namespace_;
  metadata["generation"] = record.generation;
  metadata["creationTimestamp"] = record.creation_timestamp;
  metadata["annotations"][kDigestAnnotation] = record.spec_digest;
  json["status"] = api::status_to_json(record.status);
  return api::to_yaml(json);
}

Result<StatusRecord> parse_status(std::string_view text) {
  try {
    const YAML::Node node = YAML::Load(std::string(text));
    if (!node.IsMap()) return Error{ErrorCode::InvalidArgument, "not a YAML mapping"};
    return from_json(to_json(node, 0));
  } catch (const std::exception& e) {
    return Error{ErrorCode::InvalidArgument, e.what()};
  }
}

Result<std::string> status_path(const api::ObjectKey& key) {
  if (!is_safe(key.namespace_) || !is_safe(key.name))
    return Error{ErrorCode::InvalidArgument, key.to_string() + ": the name cannot be that of a file"};
  return key.namespace_ + "/" + std::string(api::row(key.kind).plural) + "/" + key.name + ".yaml";
}

Result<StatusFolderContents> read_status_folder(const std::string& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    return Error{ErrorCode::NotFound, "'" + folder + "' is not a folder"};
  StatusFolderContents contents;
  std::filesystem::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) {
    const std::filesystem::path& path = entry->path();
    if (path.extension() != ".yaml" || path.filename().string().front() == '.') continue;
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    auto record = parse_status(text.str());
    if (record) {
      contents.records[record->key] = *record;
    } else {
      contents.problems.push_back(path.string() + ": " + record.error().message);
    }
  }
  if (error) contents.problems.push_back("cannot list '" + folder + "': " + error.message());
  return contents;
}

}  // namespace hawser::store
