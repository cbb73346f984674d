#pragma once

#include <string_view>

namespace hawser::kube {

// Whether `a` is newer than `b`. Resource versions of one kind of resource are decimal numbers without
// leading zeros, of any size; that is part of the contract of the API. Empty (none yet) is older than any.
inline bool newer(std::string_view a, std::string_view b) {
  return a.size() != b.size() ? a.size() > b.size() : a > b;
}

}  // namespace hawser::kube
