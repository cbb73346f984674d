#include "operator/crd/schema.h"

#include <algorithm>
#include <string>

#include "operator/policy/rules.h"

namespace hawser::crd {
namespace {

using api::FieldRow;
using enum api::FieldType;

bool is_list(const FieldRow& field) { return field.type == StringList || field.type == ObjectList; }

// A default in the type of its field.
Json default_of(const FieldRow& field) {
  const std::string text(field.default_value);
  if (field.type == Integer) return std::stoll(text);
  if (field.type == Boolean) return text == "true";
  return text;
}

std::string description_of(const FieldRow& field) {
  std::string text(field.description);
  if (!field.default_value.empty()) text += " Default: " + std::string(field.default_value) + ".";
  return text;
}

// The checks that stand at `path`, in the order of the rules.
Json validations(api::Kind kind, std::string_view path) {
  Json out = Json::array();
  for (const auto& rule : policy::rules())
    for (const auto& check : rule.cel) {
      if (check.kind != kind || check.at != path) continue;
      Json entry = {{"rule", check.expression}, {"message", check.message}};
      if (!check.message_expression.empty()) entry["messageExpression"] = check.message_expression;
      if (!check.field_path.empty()) entry["fieldPath"] = check.field_path;
      entry["reason"] = "FieldValueInvalid";
      out.push_back(std::move(entry));
    }
  return out;
}

void add_validations(api::Kind kind, std::string_view path, Json& schema) {
  if (Json checks = validations(kind, path); !checks.empty())
    schema["x-kubernetes-validations"] = std::move(checks);
}

// Of one text: a field, an entry of a list or a value of a map.
void add_text(const FieldRow& field, Json& schema) {
  schema["type"] = "string";
  if (field.format == api::Format::DateTime) schema["format"] = "date-time";
  if (!field.values.empty()) {
    schema["enum"] = field.values;
    for (const auto& name : field.refused) schema["enum"].push_back(name);
  }
  if (field.max_length != 0) schema["maxLength"] = field.max_length;
}

void add_map_key(const FieldRow& field, Json& schema) {
  schema["x-kubernetes-list-type"] = field.fields.empty() ? "atomic" : "map";
  // The first field of an entry names it.
  if (!field.fields.empty()) schema["x-kubernetes-list-map-keys"] = {field.fields.front().name};
}

Json field_schema(api::Kind kind, const std::string& path, const FieldRow& field);

void add_list(api::Kind kind, const std::string& path, const FieldRow& field, Json& schema) {
  schema["type"] = "array";
  if (field.min != 0) schema["minItems"] = field.min;
  schema["maxItems"] = field.max;
  add_map_key(field, schema);
  Json items;
  if (field.type == ObjectList) {
    items = object_schema(kind, path + "[]", "", field.fields);
  } else {
    add_text(field, items);
    add_validations(kind, path + "[]", items);
  }
  schema["items"] = std::move(items);
}

void add_map(const FieldRow& field, Json& schema) {
  schema["type"] = "object";
  schema["maxProperties"] = field.max;
  schema["x-kubernetes-map-type"] = "atomic";
  add_text(field, schema["additionalProperties"]);
}

void add_integer(const FieldRow& field, Json& schema) {
  schema["type"] = "integer";
  schema["format"] = "int64";
  schema["minimum"] = field.min;
  schema["maximum"] = field.max;
}

Json field_schema(api::Kind kind, const std::string& path, const FieldRow& field) {
  if (field.type == Object) {
    Json schema = object_schema(kind, path, field.description, field.fields);
    // A reference is changed as a whole.
    if (path.ends_with("Ref")) schema["x-kubernetes-map-type"] = "atomic";
    return schema;
  }
  Json schema = {{"description", description_of(field)}};
  if (field.type == String) {
    add_text(field, schema);
    // metav1.Condition takes an empty message: that all is well needs none.
    if (field.required && field.values.empty() && field.name != "message") schema["minLength"] = 1;
  } else if (field.type == Boolean) {
    schema["type"] = "boolean";
  } else if (field.type == Integer) {
    add_integer(field, schema);
  } else if (is_list(field)) {
    add_list(kind, path, field, schema);
  } else {
    add_map(field, schema);
  }
  if (!field.default_value.empty()) schema["default"] = default_of(field);
  add_validations(kind, path, schema);
  return schema;
}

}  // namespace

Json object_schema(api::Kind kind, std::string_view path, std::string_view description,
                   std::span<const FieldRow> fields) {
  Json schema = Json::object();
  if (!description.empty()) schema["description"] = description;
  schema["type"] = "object";
  Json required = Json::array();
  for (const FieldRow& field : fields)
    if (field.required) required.push_back(field.name);
  if (!required.empty()) schema["required"] = std::move(required);
  for (const FieldRow& field : fields)
    schema["properties"][std::string(field.name)] =
        field_schema(kind, std::string(path) + "." + std::string(field.name), field);
  add_validations(kind, path, schema);
  return schema;
}

}  // namespace hawser::crd
