#pragma once

#include <span>
#include <string_view>

#include "operator/api/kinds.h"

namespace hawser::crd {

// A column of `kubectl get`.
struct Column {
  std::string_view name;
  std::string_view type;  // string, integer, date
  std::string_view path;  // JSONPath
  std::string_view description;
  bool wide = false;  // with -o wide only
};

// What kubectl shows of a kind, and by which fields it can be selected.
struct KindNames {
  api::Kind kind;
  std::string_view description;
  std::span<const Column> columns;
  std::span<const std::string_view> selectable;  // JSONPath, for --field-selector
};
const KindNames& names_of(api::Kind kind);

}  // namespace hawser::crd
