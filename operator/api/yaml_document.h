#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// YAML (and so JSON) text as plain trees, with positions and with bounds on everything a hostile file could
// blow up. The only file that knows yaml-cpp; its exceptions end here.
namespace hawser::api {

struct YamlNode {
  enum class Type : uint8_t { Null, Scalar, Sequence, Map };
  Type type = Type::Null;
  bool plain = false;   // a scalar without quotes
  bool tagged = false;  // an explicit tag such as !!str
  int line = 0;         // from 1
  int column = 0;       // from 1, in octets
  uint32_t weight = 1;  // nodes below and including this one, aliases counted as often as they are used
  std::string text;     // of a scalar
  // Entries; of a map: key, value, key, value …
  std::vector<const YamlNode*> children;

  bool is_map() const { return type == Type::Map; }
  bool is_sequence() const { return type == Type::Sequence; }
  bool is_scalar() const { return type == Type::Scalar; }
  bool is_null() const { return type == Type::Null; }
  // First value of that key in a map; null when absent or when this is no map.
  const YamlNode* find(std::string_view key) const;
};

// Why the rest of a text could not be read.
struct YamlFault {
  int line = 0;
  int column = 0;
  std::string message;
};

// Bounds. Kubernetes takes at most 1.5 MB for one object; its deepest schemas have fewer than 50 levels.
inline constexpr size_t kMaxTextSize = 16 << 20;
inline constexpr size_t kMaxDepth = 100;
// Of a file: each may be a token, and yaml-cpp queues all tokens of an outermost bracket, at a hundred octets
// and more each.
inline constexpr size_t kMaxIndicators = 4'000'000;
inline constexpr size_t kMaxNodes = 2'000'000;    // of one document
inline constexpr size_t kMaxAliasNodes = 10'000;  // of one document, what all its aliases stand for together

// Calls `visit` with the root of each document, in order, until the end or the first fault. The tree dies
// after the call, its scalars wiped: a manifest may be a Secret.
std::optional<YamlFault> for_each_document(std::string_view text,
                                           const std::function<void(const YamlNode&)>& visit);

}  // namespace hawser::api
