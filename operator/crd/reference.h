#pragma once

#include <string>

namespace hawser::crd {

// docs/reference.md: every kind, field, rule, condition and reason, from the same tables as the definitions.
std::string reference();

}  // namespace hawser::crd
