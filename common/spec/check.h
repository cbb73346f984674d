#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hawser/v1/state.pb.h"

namespace hawser::spec {

// A field of ConnectionSpec that no sidecar can work with.
struct FieldError {
  std::string field_path;  // "policy.dh_group"
  std::string message;     // the value, what is allowed
};

// What the sidecar checks of every spec before it touches anything; the operator's compile always passes it.
// Rules of Azure are not repeated here, only what the engine and the data plane need. Never mentions the
// shared key's value.
std::vector<FieldError> check(const v1::ConnectionSpec& spec);

// Whether a namespace or a name is one that Kubernetes allows: it becomes a log field, a metric label and a
// link alias.
bool usable_name(std::string_view text);

}  // namespace hawser::spec
