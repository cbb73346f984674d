#include "operator/crd/reference.h"

#include <span>
#include <string_view>

#include "common/catalog/reasons.h"
#include "operator/api/schema.h"
#include "operator/crd/names.h"
#include "operator/policy/rules.h"

namespace hawser::crd {
namespace {

using api::FieldRow;
using enum api::FieldType;

constexpr std::string_view kHead =
    "<!-- Written by `regen` from the tables of the operator; do not edit. -->\n"
    "# Reference of hawser.dev/v1alpha1\n\n"
    "All kinds are namespaced; a `…Ref` names an object of the same namespace. Enum values are "
    "case-sensitive and\n"
    "spelled as Azure spells them. `kubectl explain` shows the same.\n";

std::string code(std::string_view text) { return "`" + std::string(text) + "`"; }

std::string_view type_name(const FieldRow& field) {
  switch (field.type) {
    case String:
      return "text";
    case Integer:
      return "whole number";
    case Boolean:
      return "boolean";
    case StringList:
      return "list of text";
    case StringMap:
      return "map of text";
    case Object:
      return "object";
    case ObjectList:
      return "list of objects";
  }
  return "";
}

// Enum, bounds of a number, or number of entries and longest text.
std::string allowed(const FieldRow& field) {
  std::string out;
  for (const auto& value : field.values) out += (out.empty() ? "" : ", ") + code(value);
  if (!out.empty()) return out;
  const std::string bounds = std::to_string(field.min) + " to " + std::to_string(field.max);
  if (field.type == Integer) return bounds;
  if (field.max != 0) out = bounds + " entries";
  if (field.max_length != 0)
    out += (out.empty() ? "" : ", ") + std::string("at most ") + std::to_string(field.max_length) +
           " characters";
  return out;
}

void add_fields(std::span<const FieldRow> fields, const std::string& prefix, bool with_presence,
                std::string& out) {
  for (const FieldRow& field : fields) {
    const std::string name = prefix + std::string(field.name);
    out += "| " + code(name) + " | " + std::string(type_name(field)) + " | ";
    if (with_presence)
      out += (field.required                 ? "required"
              : !field.default_value.empty() ? code(field.default_value)
                                             : std::string("optional")) +
             " | ";
    out += allowed(field) + " | " + std::string(field.description) + " |\n";
    add_fields(field.fields, name + (field.type == ObjectList ? "[]." : "."), with_presence, out);
  }
}

void add_kind(const api::KindRow& kind, std::string& out) {
  out += "\n## " + std::string(kind.name) + "\n\n" + std::string(names_of(kind.kind).description) +
         " Short name " + code(kind.short_name) +
         ".\n\n| field of spec | type | default | allowed | meaning |\n"
         "|---|---|---|---|---|\n";
  add_fields(api::spec_fields(kind.kind), "", true, out);
  out += "\n| field of status | type | allowed | meaning |\n|---|---|---|---|\n";
  add_fields(api::status_fields(kind.kind), "", false, out);
}

void add_rules(std::string& out) {
  out +=
      "\n## Rules\n\nWhat one object shows by itself the API server refuses; the rest is accepted and stands "
      "in "
      "the status.\n`hawser lint` says all of it before there is a cluster.\n\n"
      "| rule | what must be so | otherwise | who says it |\n|---|---|---|---|\n";
  for (const auto& rule : policy::rules()) {
    const bool refuses = rule.severity == policy::Severity::Refuse;
    // POL-1 and POL-2 are required fields and enums: the schema itself.
    const bool by_server = !rule.cel.empty() || rule.id == "POL-1" || rule.id == "POL-2";
    out += "| " + std::string(rule.id) + " | " + std::string(rule.summary) + " | " +
           (refuses ? "refused, " + code(catalog::name(rule.reason)) : std::string("warned")) + " | " +
           (by_server ? "API server" : "status") + " |\n";
  }
}

void add_conditions(std::string& out) {
  out +=
      "\n## Conditions\n\nReady has the reason of the first condition that is not True.\n\n"
      "| condition | reasons |\n|---|---|\n";
  for (const auto& condition : catalog::kConditions) {
    std::string reasons;
    for (const auto& reason : catalog::kReasons)
      if (reason.type == condition.type) reasons += (reasons.empty() ? "" : ", ") + code(reason.name);
    out += "| " + code(condition.name) + (condition.only_when_true ? " (only when True)" : "") + " | " +
           reasons + " |\n";
  }
}

}  // namespace

std::string reference() {
  std::string out(kHead);
  for (const auto& kind : api::kKinds)
    if (kind.kind != api::Kind::Secret) add_kind(kind, out);
  add_rules(out);
  add_conditions(out);
  return out;
}

}  // namespace hawser::crd
