#pragma once

#include <string>
#include <vector>

#include "operator/api/kinds.h"

// The CustomResourceDefinitions of our kinds, from the field table (operator/api/schema.h) and the rule table
// (operator/policy/rules.h). Pure.
namespace hawser::crd {

struct DefinitionFile {
  std::string name;  // "connections.hawser.dev.yaml"
  std::string text;
};
DefinitionFile definition(api::Kind kind);
// Of every kind of hawser.dev, in the order of kinds.h.
std::vector<DefinitionFile> definitions();

}  // namespace hawser::crd
