#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>

namespace hawser::kube {

// What the server sent is never trusted to have the right shape: a member that is not there, or is no
// string, reads as empty.
inline std::string text_at(const nlohmann::json& object, std::initializer_list<const char*> path) {
  const nlohmann::json* here = &object;
  for (const char* name : path) {
    if (!here->is_object()) return {};
    auto member = here->find(name);
    if (member == here->end()) return {};
    here = &*member;
  }
  return here->is_string() ? here->get<std::string>() : std::string();
}

}  // namespace hawser::kube
