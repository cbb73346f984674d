#include "operator/kube/config/kubeconfig_file.h"

#include <filesystem>
#include <set>

#include "operator/api/text.h"
#include "operator/api/yaml_document.h"

namespace hawser::kube {
namespace {

using api::YamlNode;

const std::set<std::string> kSecretFields = {"token", "password", "client-key-data"};

std::string place(const std::string& file, const YamlNode& node) {
  return file + ":" + std::to_string(node.line) + ":" + std::to_string(node.column);
}

Error wrong(const std::string& where, const std::string& message) {
  return {ErrorCode::InvalidArgument, where + ": " + message};
}

Result<void> read_fields(const YamlNode& block, KubeconfigEntry& entry) {
  for (size_t i = 0; i + 1 < block.children.size(); i += 2) {
    const std::string& name = block.children[i]->text;
    const YamlNode& value = *block.children[i + 1];
    const std::string where = place(entry.file, value);
    if (entry.has(name))
      return wrong(place(entry.file, *block.children[i]), api::in_quotes(name) + " stands here twice");
    if (value.is_null()) continue;
    if (!value.is_scalar()) {
      entry.blocks[name] = where;
    } else if (kSecretFields.contains(name)) {
      entry.secrets[name] = SecretBytes(as_bytes(value.text));
      entry.fields[name] = {"", where};
    } else {
      entry.fields[name] = {value.text, where};
    }
  }
  return {};
}

// `list` is "clusters", and each entry {name: …, cluster: {…}}.
Result<void> read_entries(const std::string& file, const YamlNode& root, const std::string& list,
                          const std::string& block_name, std::map<std::string, KubeconfigEntry>& out) {
  const YamlNode* entries = root.find(list);
  if (entries == nullptr || entries->is_null()) return {};
  if (!entries->is_sequence()) return wrong(place(file, *entries), "'" + list + "' must be a list");
  for (const YamlNode* node : entries->children) {
    const YamlNode* name = node->find("name");
    const std::string where = place(file, *node);
    if (name == nullptr || !name->is_scalar())
      return wrong(where, "an entry of '" + list + "' without a name");
    KubeconfigEntry entry;
    entry.name = name->text;
    entry.file = file;
    entry.place = where;
    const YamlNode* block = node->find(block_name);
    if (block != nullptr && !block->is_null() && !block->is_map())
      return wrong(place(file, *block), "'" + block_name + "' must be a map");
    if (block != nullptr) RETURN_IF_ERROR(read_fields(*block, entry));
    out.emplace(entry.name, std::move(entry));
  }
  return {};
}

}  // namespace

std::string KubeconfigEntry::text(const std::string& field) const {
  auto it = fields.find(field);
  return it == fields.end() ? "" : it->second.text;
}

const SecretBytes* KubeconfigEntry::secret(const std::string& field) const {
  auto it = secrets.find(field);
  return it == secrets.end() || it->second.empty() ? nullptr : &it->second;
}

std::string KubeconfigEntry::place_of(const std::string& field) const {
  if (auto it = fields.find(field); it != fields.end()) return it->second.place;
  auto it = blocks.find(field);
  return it == blocks.end() ? place : it->second;
}

bool KubeconfigEntry::has(const std::string& field) const {
  return fields.contains(field) || blocks.contains(field);
}

std::string KubeconfigEntry::path(const std::string& field) const {
  const std::string given = text(field);
  if (given.empty()) return given;
  return (std::filesystem::path(file).parent_path() / given).string();
}

Result<void> Kubeconfig::merge(const std::string& file, std::string_view text) {
  Result<void> done;
  size_t documents = 0;
  auto fault = api::for_each_document(text, [&](const YamlNode& root) {
    if (++documents > 1 || root.is_null()) return;
    done = [&]() -> Result<void> {
      if (!root.is_map()) return wrong(place(file, root), "not a kubeconfig");
      RETURN_IF_ERROR(read_entries(file, root, "clusters", "cluster", clusters));
      RETURN_IF_ERROR(read_entries(file, root, "users", "user", users));
      RETURN_IF_ERROR(read_entries(file, root, "contexts", "context", contexts));
      const YamlNode* current = root.find("current-context");
      if (current_context.text.empty() && current != nullptr && current->is_scalar())
        current_context = {current->text, place(file, *current)};
      return {};
    }();
  });
  if (fault)
    return wrong(file + ":" + std::to_string(fault->line) + ":" + std::to_string(fault->column),
                 fault->message);
  RETURN_IF_ERROR(done);
  if (documents > 1) return wrong(file, "has " + std::to_string(documents) + " documents; allowed: one");
  files += (files.empty() ? "" : ", ") + file;
  return {};
}

}  // namespace hawser::kube
