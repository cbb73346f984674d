#include "operator/api/manifest_reader.h"

#include <algorithm>
#include <charconv>
#include <unordered_set>

#include "common/base/check.h"
#include "operator/api/text.h"

namespace hawser::api {
namespace {

using Type = YamlNode::Type;

// What a plain scalar is in YAML 1.2's core schema.
enum class Core : uint8_t { Text, Boolean, Number };

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_number(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0o"))
    return text.size() > 2 && text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string_view::npos;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text == ".inf" || text == ".Inf" || text == ".INF" || text == ".nan" || text == ".NaN" ||
      text == ".NAN")
    return true;
  const size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    std::string_view digits = text.substr(exponent + 1);
    if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) digits.remove_prefix(1);
    if (!all_digits(digits)) return false;
    text = text.substr(0, exponent);
  }
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos) return all_digits(text);
  const std::string_view whole = text.substr(0, dot);
  const std::string_view part = text.substr(dot + 1);
  return (whole.empty() || all_digits(whole)) && (part.empty() || all_digits(part)) &&
         whole.size() + part.size() > 0;
}

Core core_type(std::string_view text) {
  for (std::string_view word : {"true", "True", "TRUE", "false", "False", "FALSE"})
    if (text == word) return Core::Boolean;
  return is_number(text) ? Core::Number : Core::Text;
}

std::string describe(const YamlNode& node) {
  switch (node.type) {
    case Type::Null:
      return "nothing";
    case Type::Sequence:
      return "a list";
    case Type::Map:
      return "a map";
    case Type::Scalar:
      return in_quotes(node.text);
  }
  return "";
}

std::string step(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : std::string(path) + "." + std::string(name);
}

void check_keys(const YamlNode& map, std::string_view path, ReadContext& context) {
  std::unordered_set<std::string_view> seen;
  for (size_t i = 0; i + 1 < map.children.size(); i += 2) {
    const YamlNode& key = *map.children[i];
    if (!key.is_scalar()) {
      context.error(key, path, "a key that is " + describe(key) + "; allowed: text; write one value");
    } else if (key.plain && key.text == "<<") {
      context.error(key, step(path, "<<"), "merge keys ('<<') are not supported; write the fields out");
    } else if (const bool first = seen.insert(key.text).second;
               !first && path.empty() && (key.text == "apiVersion" || key.text == "kind")) {
      // The usual cause; one message instead of one for each field of the second object.
      context.error(key, key.text,
                    in_quotes(key.text) +
                        " stands here twice, a second object seems to begin; allowed: one object in a "
                        "document; put '---' before the next");
      return;
    } else if (!first) {
      context.error(key, step(path, key.text),
                    in_quotes(key.text) + " stands here twice; allowed: once; remove one of them");
    }
  }
}

}  // namespace

void ReadContext::error(const YamlNode& at, std::string_view path, std::string message) {
  failed_ = true;
  if (full()) return;
  if (problems_.size() + 1 == kMaxProblems)
    message = "too many problems in this file; correct those above first";
  problems_.push_back({Severity::Error,
                       {std::string(file_), at.line, at.column},
                       object_,
                       std::string(path),
                       std::move(message),
                       ""});
}

void ReadContext::record(std::string_view path, const YamlNode& at) {
  positions_.emplace(path, Position{std::string(file_), at.line, at.column});
}

void check_tree(const YamlNode& node, std::string_view path, ReadContext& context) {
  if (node.tagged)
    context.error(node, path, "a tag ('!') is not supported; remove it, and quote what is text");
  if (node.is_map()) {
    check_keys(node, path, context);
    for (size_t i = 0; i + 1 < node.children.size(); i += 2) {
      const YamlNode& key = *node.children[i];
      if (key.is_scalar()) check_tree(*node.children[i + 1], step(path, key.text), context);
    }
  }
  if (node.is_sequence()) {
    for (size_t i = 0; i < node.children.size(); ++i)
      check_tree(*node.children[i], std::string(path) + "[" + std::to_string(i) + "]", context);
  }
}

bool read_text(const YamlNode& node, std::string_view path, ReadContext& context, std::string& out) {
  if (!node.is_scalar()) {
    context.error(node, path, "is " + describe(node) + "; allowed: text; write one value");
    return false;
  }
  if (node.plain && core_type(node.text) != Core::Text) {
    const char* what = core_type(node.text) == Core::Number ? " is a number" : " is a boolean";
    context.error(node, path, in_quotes(node.text) + what + "; allowed: text; put it in quotes");
    return false;
  }
  out = node.text;
  return true;
}

bool read_integer(const YamlNode& node, std::string_view path, ReadContext& context, int64_t& out) {
  if (!node.is_scalar()) {
    context.error(node, path, "is " + describe(node) + "; allowed: a whole number; write it like 27000");
    return false;
  }
  std::string_view digits = node.text;
  if (digits.starts_with('-')) digits.remove_prefix(1);
  const bool decimal = all_digits(digits) && (digits.size() == 1 || digits[0] != '0');
  if (decimal && !node.plain) {
    context.error(node, path, in_quotes(node.text) + " is text; allowed: a whole number; drop the quotes");
    return false;
  }
  const char* end = node.text.data() + node.text.size();
  auto [stopped, failure] = std::from_chars(node.text.data(), end, out);
  if (decimal && failure == std::errc() && stopped == end) return true;
  const char* allowed =
      decimal ? " is too large a number; allowed: at most 19 digits; write a smaller one"
              : " is not a whole number; allowed: decimal digits, without a unit, a point or an "
                "exponent; write it like 27000";
  context.error(node, path, in_quotes(node.text) + allowed);
  return false;
}

bool read_boolean(const YamlNode& node, std::string_view path, ReadContext& context, bool& out) {
  if (node.is_scalar() && node.plain && (node.text == "true" || node.text == "false")) {
    out = node.text == "true";
    return true;
  }
  context.error(node, path, describe(node) + " is not a boolean; allowed: true, false, without quotes");
  return false;
}

ManifestReader::ManifestReader(const YamlNode* node, std::string path, std::span<const FieldRow> rows,
                               ReadContext& context)
    : node_(node), path_(std::move(path)), rows_(rows), context_(context) {
  if (node_ == nullptr) return;
  context_.record(path_, *node_);
  if (!node_->is_map()) {
    context_.error(*node_, path_,
                   "is " + describe(*node_) + "; allowed: a map of fields; write them below it, indented");
    node_ = nullptr;
    return;
  }
  refuse_unknown_fields();
}

void ManifestReader::refuse_unknown_fields() {
  if (context_.unknown() == UnknownFields::Ignore) return;
  std::vector<std::string_view> names;
  for (const auto& r : rows_) names.push_back(r.name);
  for (size_t i = 0; i + 1 < node_->children.size() && !context_.full(); i += 2) {
    const YamlNode& key = *node_->children[i];
    if (!key.is_scalar() || key.text == "<<" || find_field(rows_, key.text) != nullptr) continue;
    context_.error(key, path_of(key.text),
                   "unknown field " + in_quotes(key.text) + did_you_mean(key.text, names) +
                       "; allowed: " + joined(names) + "; correct or remove it");
  }
}

const FieldRow& ManifestReader::row(std::string_view name) const {
  const FieldRow* found = find_field(rows_, name);
  CHECK(found != nullptr);  // bindings and table belong together
  return *found;
}

const YamlNode* ManifestReader::find(std::string_view name) {
  if (node_ == nullptr) return nullptr;
  const YamlNode* value = node_->find(name);
  const FieldRow& r = row(name);
  const bool empty = value == nullptr || value->is_null() ||
                     (r.type == FieldType::String && value->is_scalar() && value->text.empty());
  if (empty && r.required && r.required_rule.empty()) {
    context_.error(value == nullptr ? *node_ : *value, path_of(name),
                   std::string(value == nullptr ? "is missing" : "is empty") +
                       "; it is required: " + std::string(r.description));
    return nullptr;
  }
  if (value == nullptr || value->is_null()) return nullptr;
  context_.record(path_of(name), *value);
  return value;
}

const YamlNode* ManifestReader::find_list(std::string_view name) {
  const YamlNode* value = find(name);
  if (value == nullptr || value->is_sequence()) return value;
  context_.error(*value, path_of(name),
                 "is " + describe(*value) + "; allowed: a list; begin each entry with '- '");
  return nullptr;
}

void ManifestReader::field(std::string_view name, std::string& out) {
  out = row(name).default_value;
  const YamlNode* value = find(name);
  if (value == nullptr || !read_text(*value, path_of(name), context_, out)) return;
  const auto allowed = row(name).values;
  if (allowed.empty() || !row(name).value_rule.empty() || std::ranges::find(allowed, out) != allowed.end())
    return;
  context_.error(*value, path_of(name),
                 in_quotes(out) + " is not known" + did_you_mean(out, allowed) +
                     "; allowed: " + joined(allowed) + "; choose one of them");
}

void ManifestReader::field(std::string_view name, std::optional<std::string>& out) {
  out.reset();
  const YamlNode* value = find(name);
  std::string text;
  if (value != nullptr && read_text(*value, path_of(name), context_, text)) out = std::move(text);
}

void ManifestReader::field(std::string_view name, int64_t& out) {
  const std::string_view text = row(name).default_value;
  std::from_chars(text.data(), text.data() + text.size(), out);
  if (const YamlNode* value = find(name)) read_integer(*value, path_of(name), context_, out);
}

void ManifestReader::field(std::string_view name, bool& out) {
  out = row(name).default_value == "true";
  if (const YamlNode* value = find(name)) read_boolean(*value, path_of(name), context_, out);
}

void ManifestReader::field(std::string_view name, std::vector<std::string>& out) {
  const YamlNode* list = find_list(name);
  if (list == nullptr) return;
  out.resize(list->children.size());
  for (size_t i = 0; i < out.size(); ++i) {
    context_.record(path_of(name, i), *list->children[i]);
    read_text(*list->children[i], path_of(name, i), context_, out[i]);
  }
}

void ManifestReader::field(std::string_view name, std::map<std::string, std::string>& out) {
  const YamlNode* map = find(name);
  if (map == nullptr) return;
  if (!map->is_map()) {
    context_.error(*map, path_of(name),
                   "is " + describe(*map) + "; allowed: a map of text to text; write each as 'key: value'");
    return;
  }
  for (size_t i = 0; i + 1 < map->children.size(); i += 2) {
    const YamlNode& key = *map->children[i];
    // Null is absent, as everywhere: so an API server takes it too.
    if (!key.is_scalar() || map->children[i + 1]->is_null()) continue;
    const std::string path = path_of(name) + "." + key.text;
    context_.record(path, *map->children[i + 1]);
    read_text(*map->children[i + 1], path, context_, out[key.text]);
  }
}

void ManifestReader::optional_ref(std::string_view name, std::optional<std::string>& out) {
  out.reset();
  const YamlNode* value = find(name);
  if (value == nullptr) return;
  std::string target;
  ManifestReader inner(value, path_of(name), row(name).fields, context_);
  inner.field("name", target);
  out = std::move(target);
}

}  // namespace hawser::api
