#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operator/api/codec.h"
#include "operator/api/schema.h"
#include "operator/api/yaml_document.h"

namespace hawser::api {

// Collects what is wrong with one object of one file, and where its fields stand.
class ReadContext {
 public:
  static constexpr size_t kMaxProblems = 1000;

  ReadContext(std::string_view file, std::vector<Problem>& problems,
              UnknownFields unknown = UnknownFields::Refuse)
      : file_(file), problems_(problems), unknown_(unknown) {}

  void set_object(std::string name) { object_ = std::move(name); }
  void error(const YamlNode& at, std::string_view path, std::string message);
  void record(std::string_view path, const YamlNode& at);
  bool failed() const { return failed_; }
  UnknownFields unknown() const { return unknown_; }
  // A file with more problems than anybody reads: further ones are counted as failures, not described.
  bool full() const { return problems_.size() >= kMaxProblems; }
  Positions& positions() { return positions_; }

 private:
  std::string_view file_;
  std::vector<Problem>& problems_;
  UnknownFields unknown_;
  std::string object_;
  bool failed_ = false;
  Positions positions_;
};

// Faults of the text that no field table shows: duplicate keys, merge keys, keys that are not text, explicit
// tags.
void check_tree(const YamlNode& node, std::string_view path, ReadContext& context);

// Scalars by the rules of YAML 1.2's core schema, strictly: text is text, and nothing else is. False after an
// error.
bool read_text(const YamlNode& node, std::string_view path, ReadContext& context, std::string& out);
bool read_integer(const YamlNode& node, std::string_view path, ReadContext& context, int64_t& out);
bool read_boolean(const YamlNode& node, std::string_view path, ReadContext& context, bool& out);

// Reads one map by the rows of the field table; a visitor of bindings.h.
class ManifestReader {
 public:
  // `node` may be null: then nothing is read.
  ManifestReader(const YamlNode* node, std::string path, std::span<const FieldRow> rows,
                 ReadContext& context);

  void field(std::string_view name, std::string& out);
  void field(std::string_view name, std::optional<std::string>& out);
  void field(std::string_view name, int64_t& out);
  void field(std::string_view name, bool& out);
  void field(std::string_view name, std::vector<std::string>& out);
  void field(std::string_view name, std::map<std::string, std::string>& out);
  void optional_ref(std::string_view name, std::optional<std::string>& out);

  template <typename Body>
  void object(std::string_view name, Body body) {
    const YamlNode* child = find(name);
    if (child == nullptr) return;
    ManifestReader inner(child, path_of(name), row(name).fields, context_);
    body(inner);
  }
  template <typename T, typename Body>
  void objects(std::string_view name, std::vector<T>& out, Body body) {
    const YamlNode* list = find_list(name);
    if (list == nullptr) return;
    out.resize(list->children.size());
    for (size_t i = 0; i < out.size(); ++i) {
      ManifestReader inner(list->children[i], path_of(name, i), row(name).fields, context_);
      body(inner, out[i]);
    }
  }

 private:
  const FieldRow& row(std::string_view name) const;
  std::string path_of(std::string_view name) const { return path_ + "." + std::string(name); }
  std::string path_of(std::string_view name, size_t i) const {
    return path_of(name) + "[" + std::to_string(i) + "]";
  }
  // The value, its position recorded; null when absent or null (the missing of a required one is then
  // reported).
  const YamlNode* find(std::string_view name);
  const YamlNode* find_list(std::string_view name);
  void refuse_unknown_fields();

  const YamlNode* node_;
  std::string path_;
  std::span<const FieldRow> rows_;
  ReadContext& context_;
};

}  // namespace hawser::api
