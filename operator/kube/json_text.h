#pragma once

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

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

// Parses what the server sent; discarded when it is no JSON, or nested deeper than any object of Kubernetes:
// the copying and writing of a JSON value recurse, and a stack has an end.
inline nlohmann::json parse_answer(std::string_view text) {
  constexpr int kDeepest = 200;
  int depth = 0, deepest = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  if (deepest > kDeepest) return nlohmann::json(nlohmann::json::value_t::discarded);
  return nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
}

}  // namespace hawser::kube
