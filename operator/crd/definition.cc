#include "operator/crd/definition.h"

#include <algorithm>

#include "common/base/product_version.h"
#include "common/catalog/reasons.h"
#include "operator/api/codec.h"
#include "operator/api/status.h"
#include "operator/api/text.h"
#include "operator/crd/names.h"
#include "operator/crd/schema.h"

namespace hawser::crd {
namespace {

constexpr std::string_view kHeader =
    "# Written by `regen` from operator/api/schema.cc and operator/policy/rules.cc; do not edit.\n";

Json names(const api::KindRow& kind) {
  return {{"kind", kind.name},
          {"listKind", std::string(kind.name) + "List"},
          {"plural", kind.plural},
          {"singular", api::lower(kind.name)},
          {"shortNames", {kind.short_name}},
          {"categories", {"hawser"}}};
}

Json columns(const KindNames& shown) {
  Json out = Json::array();
  for (const Column& column : shown.columns) {
    Json entry = {{"name", column.name},
                  {"type", column.type},
                  {"jsonPath", column.path},
                  {"description", column.description}};
    if (column.wide) entry["priority"] = 1;
    out.push_back(std::move(entry));
  }
  return out;
}

// Without a status, kstatus (Flux, Helm) takes an object for done: so the API server
// gives one to each new object, until the operator has looked at it. It has no observedGeneration.
Json status_before_the_first_look() {
  const Json ready = {{"type", catalog::name(catalog::ConditionType::Ready)},
                      {"status", api::to_string(api::ConditionStatus::Unknown)},
                      {"lastTransitionTime", "1970-01-01T00:00:00Z"},
                      {"reason", catalog::name(catalog::Reason::Pending)},
                      {"message", "The operator has not looked at it yet"}};
  return {{"conditions", Json::array({ready})}};
}

Json status_schema(api::Kind kind) {
  Json schema = object_schema(kind, "status", "What is; written by the operator.", api::status_fields(kind));
  schema["default"] = status_before_the_first_look();
  return schema;
}

Json open_api(api::Kind kind, const KindNames& shown) {
  Json text = {{"type", "string"}};
  Json api_version = {{"description", "Version of this schema: hawser.dev/v1alpha1."}, {"type", "string"}};
  Json kind_name = {{"description", "Kind of this object."}, {"type", "string"}};
  return {{"description", shown.description},
          {"type", "object"},
          {"required", {"spec"}},
          {"properties",
           {{"apiVersion", api_version},
            {"kind", kind_name},
            {"metadata", {{"type", "object"}}},
            {"spec", object_schema(kind, "spec", "What is wanted.", api::spec_fields(kind))},
            {"status", status_schema(kind)}}}};
}

Json version(api::Kind kind) {
  const KindNames& shown = names_of(kind);
  Json out = {{"name", api::kVersion},
              {"served", true},
              {"storage", true},
              {"subresources", {{"status", Json::object()}}},
              {"additionalPrinterColumns", columns(shown)}};
  for (const auto& path : shown.selectable) out["selectableFields"].push_back({{"jsonPath", path}});
  out["schema"]["openAPIV3Schema"] = open_api(kind, shown);
  return out;
}

}  // namespace

DefinitionFile definition(api::Kind kind) {
  const api::KindRow& row = api::row(kind);
  const std::string name = std::string(row.plural) + "." + std::string(api::kGroup);
  const Json out = {{"apiVersion", "apiextensions.k8s.io/v1"},
                    {"kind", "CustomResourceDefinition"},
                    {"metadata",
                     {{"name", name},
                      {"labels", {{"app.kubernetes.io/name", "hawser"}}},
                      {"annotations", {{"hawser.dev/bundle-version", kProductVersion}}}}},
                    {"spec",
                     {{"group", api::kGroup},
                      {"scope", "Namespaced"},
                      {"names", names(row)},
                      {"versions", Json::array({version(kind)})}}}};
  return {name + ".yaml", std::string(kHeader) + api::to_yaml(out)};
}

std::vector<DefinitionFile> definitions() {
  std::vector<DefinitionFile> out;
  for (const auto& row : api::kKinds)
    if (row.kind != api::Kind::Secret) out.push_back(definition(row.kind));
  return out;
}

}  // namespace hawser::crd
