#include <charconv>
#include <nlohmann/json.hpp>

#include "operator/api/codec.h"
#include "operator/api/yaml_document.h"

namespace hawser::api {
namespace {

using Json = nlohmann::ordered_json;

Json scalar(const YamlNode& node) {
  if (!node.plain) return node.text;
  if (node.text == "true") return true;
  if (node.text == "false") return false;
  int64_t number = 0;
  const char* end = node.text.data() + node.text.size();
  auto [stopped, failure] = std::from_chars(node.text.data(), end, number);
  if (failure == std::errc() && stopped == end) return number;
  return node.text;
}

// False when a key is no text or stands twice. Depth and size are bounded by the tree.
bool convert(const YamlNode& node, Json& out) {
  if (node.is_scalar()) out = scalar(node);
  if (node.is_sequence()) {
    out = Json::array();
    for (const YamlNode* child : node.children) {
      Json entry;
      if (!convert(*child, entry)) return false;
      out.push_back(std::move(entry));
    }
  }
  if (node.is_map()) {
    out = Json::object();
    for (size_t i = 0; i + 1 < node.children.size(); i += 2) {
      const YamlNode& key = *node.children[i];
      Json value;
      if (!key.is_scalar() || out.contains(key.text) || !convert(*node.children[i + 1], value)) return false;
      out[key.text] = std::move(value);
    }
  }
  return true;
}

Error invalid(std::string message) { return {ErrorCode::InvalidArgument, std::move(message)}; }

}  // namespace

Result<Json> from_yaml(std::string_view text) {
  Json out;
  size_t documents = 0;
  bool converted = false;
  auto fault = for_each_document(text, [&](const YamlNode& root) {
    if (++documents == 1) converted = convert(root, out);
  });
  if (fault)
    return invalid(std::to_string(fault->line) + ":" + std::to_string(fault->column) + ": " + fault->message);
  if (documents != 1) return invalid("has " + std::to_string(documents) + " documents; allowed: one");
  if (!converted) return invalid("a key is no text, or stands twice");
  return out;
}

}  // namespace hawser::api
