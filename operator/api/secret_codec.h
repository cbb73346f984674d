#pragma once

#include <span>
#include <string_view>

#include "operator/api/kinds.h"
#include "operator/api/manifest_reader.h"
#include "operator/api/yaml_document.h"

namespace hawser::api {

// Top-level fields of a core/v1 Secret.
std::span<const std::string_view> secret_fields();
// `data` (base64) and `stringData`, which wins. No message repeats a value.
void read_secret(const YamlNode& node, ReadContext& context, SecretData& out);
// Tells whether two sets of values differ. Of a short key it can be searched backwards: memory only, never
// written out.
std::string fingerprint(const SecretData& data);

}  // namespace hawser::api
