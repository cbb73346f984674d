#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "operator/api/kinds.h"

// The field table: one row per field of each kind. The codec, lint, the rules on single values and the CRDs
// (operator/crd) are derived from it. Rows live for ever.
namespace hawser::api {

enum class FieldType : uint8_t { String, Integer, Boolean, StringList, StringMap, Object, ObjectList };

// What a string, or each string of a list, must look like.
enum class Format : uint8_t { Any, Cidr, UnicastAddress, Identity, DateTime };

struct FieldRow {
  std::string_view name;
  FieldType type = FieldType::String;
  bool required = false;
  std::string_view default_value = {};            // as text; empty: none
  std::span<const std::string_view> values = {};  // enum; empty: any
  // Names that a rule of their own refuses and explains: in the enum of the CRD, so that the API server gets
  // as far as that rule.
  std::span<const std::string_view> refused = {};
  int64_t min = 0;         // of an integer, or of the number of entries of a list
  int64_t max = 0;         // 0: no bounds
  int64_t max_length = 0;  // characters of a text, or of each text of a list or map; 0: an enum says it
  Format format = Format::Any;
  std::string_view required_rule =
      {};  // rule that asks for it, so that the codec does not; empty: the codec does
  std::string_view value_rule =
      {};  // rule that checks values, bounds and format; empty: the codec checks the values
  std::string_view description = {};      // with the unit
  std::span<const FieldRow> fields = {};  // of Object and ObjectList
};

// The fields of `spec`; none for Secret, whose values are not in a spec.
std::span<const FieldRow> spec_fields(Kind kind);
// The fields of `status`, for the CRDs; status_json.cc writes and reads them.
std::span<const FieldRow> status_fields(Kind kind);
// Fields of metadata that Kubernetes knows.
std::span<const std::string_view> metadata_fields();
// Null when there is none.
const FieldRow* find_field(std::span<const FieldRow> rows, std::string_view name);

}  // namespace hawser::api
