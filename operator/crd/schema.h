#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "operator/api/schema.h"

namespace hawser::crd {

using Json = nlohmann::ordered_json;

// Structural schema of a map of these fields. `path` is that of the map ("spec"); the CEL checks of `kind`
// whose place it is, or a field below, stand there.
Json object_schema(api::Kind kind, std::string_view path, std::string_view description,
                   std::span<const api::FieldRow> fields);

}  // namespace hawser::crd
