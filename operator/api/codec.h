#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "operator/api/kinds.h"
#include "operator/api/status.h"

// Manifests to objects and back, with field paths and positions in every problem.
namespace hawser::api {

enum class Severity : uint8_t { Error, Warning };

// One thing that is wrong with a manifest; the message says the value, what is allowed and what to do.
struct Problem {
  Severity severity = Severity::Error;
  Position position;
  std::string object;      // "Connection default/vnet1tosite6"; empty when the text is not even an object
  std::string field_path;  // "spec.dpdTimeoutSeconds"; may be empty
  std::string message;
  std::string rule;  // "POL-2"; empty for a fault of the text itself
};
// "file:line:col: error: field.path: message"
std::string to_string(const Problem& problem);

// What becomes of fields that nobody knows.
enum class UnknownFields : uint8_t {
  Refuse,  // of a text that a person writes
  Ignore,  // of a stored object: the API server has pruned typing errors, what is left is a newer version's
};

struct ParsedManifests {
  std::vector<AnyObject> objects;  // those without an error of their own
  std::vector<Problem> problems;
  std::vector<std::string> ignored;  // "apps/v1 Deployment default/web": other API groups
};

// All documents of one file (YAML or JSON, by content). Unknown fields, duplicate keys, wrong types, alias
// bombs, a text that is too large (10 MB works; limits are in the source) become problems; nothing throws. An
// object with an error is left out, the others of the file are kept. Namespaces default to "default";
// defaults of the schema are filled in.
ParsedManifests parse_manifests(std::string_view file_name, std::string_view text,
                                UnknownFields unknown = UnknownFields::Refuse);

// The canonical spec (defaults filled in), without positions: generation rises when this text changes.
// Secrets: a digest of the values, never the values.
nlohmann::ordered_json spec_to_json(const AnyObject& object);
nlohmann::ordered_json status_to_json(const Status& status);
// For the status folder: InvalidArgument when a file there is not what status_to_json wrote.
Result<Status> status_from_json(const nlohmann::ordered_json& json);

// YAML text of plain JSON data, block style, keys in their order.
std::string to_yaml(const nlohmann::ordered_json& json);
// The way back, for files that to_yaml wrote: one document. InvalidArgument otherwise; the same bounds as
// manifests.
Result<nlohmann::ordered_json> from_yaml(std::string_view text);

}  // namespace hawser::api
