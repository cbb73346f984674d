#include "operator/api/codec.h"

#include <algorithm>
#include <set>

#include "operator/api/bindings.h"
#include "operator/api/manifest_reader.h"
#include "operator/api/names.h"
#include "operator/api/secret_codec.h"
#include "operator/api/text.h"

namespace hawser::api {
namespace {

constexpr std::string_view kTopLevel[] = {"apiVersion", "kind", "metadata", "spec", "status"};

std::string_view kind_name(size_t i) { return kKinds[i].name; }

// One document of a file, or one item of a List.
class Importer {
 public:
  Importer(std::string_view file, ParsedManifests& out, UnknownFields unknown)
      : file_(file), out_(out), unknown_(unknown) {}

  void import(const YamlNode& node) {
    if (node.is_null()) return;
    ReadContext context(file_, out_.problems, unknown_);
    if (!node.is_map()) {
      context.error(
          node, "",
          "a manifest is a map that begins with apiVersion and kind; this is something else; correct it");
      return;
    }
    std::string api_version;
    std::string kind;
    if (!header(node, "apiVersion", context, api_version) || !header(node, "kind", context, kind)) return;
    if (api_version == "v1" && kind == "List") return import_list(node, context);
    if (api_version == "v1" && kind == "Secret") return import_object(node, Kind::Secret, context);
    const size_t slash = api_version.find('/');
    if (slash == std::string::npos || api_version.substr(0, slash) != kGroup) {
      out_.ignored.push_back(api_version + " " + kind + " " + loose_name(node));
      return;
    }
    if (auto known = find_kind(node, api_version, kind, context)) import_object(node, *known, context);
  }

 private:
  bool header(const YamlNode& node, std::string_view name, ReadContext& context, std::string& out) {
    const YamlNode* value = node.find(name);
    if (value != nullptr && !value->is_null()) return read_text(*value, name, context, out);
    const bool merged = node.find("<<") != nullptr;
    context.error(node, name,
                  merged ? "is missing; merge keys ('<<') are not supported; write the fields out"
                         : "is missing; allowed: a Kubernetes manifest; begin it with 'apiVersion: " +
                               std::string(kApiVersion) + "' and 'kind: …'");
    return false;
  }

  void import_list(const YamlNode& node, ReadContext& context) {
    const YamlNode* items = node.find("items");
    if (items == nullptr || items->is_null()) return;
    if (!items->is_sequence())
      return context.error(*items, "items", "allowed: a list of objects; begin each with '- '");
    for (const YamlNode* item : items->children) import(*item);
  }

  std::optional<Kind> find_kind(const YamlNode& node, const std::string& api_version, const std::string& kind,
                                ReadContext& context) {
    if (api_version != kApiVersion) {
      context.error(*node.find("apiVersion"), "apiVersion",
                    in_quotes(api_version) + " is not a version of this group; allowed: " +
                        std::string(kApiVersion) + "; correct it");
      return std::nullopt;
    }
    std::vector<std::string_view> names;
    for (size_t i = 0; i < std::size(kKinds); ++i) {
      if (kKinds[i].kind == Kind::Secret) continue;
      if (kind == kind_name(i)) return kKinds[i].kind;
      names.push_back(kind_name(i));
    }
    context.error(*node.find("kind"), "kind",
                  in_quotes(kind) + " is not a kind of " + std::string(kGroup) + did_you_mean(kind, names) +
                      "; allowed: " + joined(names) + "; correct it");
    return std::nullopt;
  }

  // For the list of ignored objects only: whatever stands there.
  static std::string loose_name(const YamlNode& node) {
    const YamlNode* metadata = node.find("metadata");
    const YamlNode* name = metadata == nullptr ? nullptr : metadata->find("name");
    const YamlNode* space = metadata == nullptr ? nullptr : metadata->find("namespace");
    return (space == nullptr || space->text.empty() ? "default" : space->text) + "/" +
           (name == nullptr ? "" : name->text);
  }

  void import_object(const YamlNode& node, Kind kind, ReadContext& context) {
    context.record("", node);
    ObjectMeta meta;
    read_metadata(node, kind, context, meta);
    context.set_object(ObjectKey{kind, meta.namespace_, meta.name}.to_string());
    refuse_unknown(node, kind, context);
    check_tree(node, "", context);
    AnyObject object = read_body(node, kind, std::move(meta), context);
    if (context.failed()) return;
    std::visit([&](auto& o) { o.positions = std::move(context.positions()); }, object);
    if (!seen_.insert(key_of(object)).second) {
      context.error(*node.find("metadata")->find("name"), "metadata.name",
                    in_quotes(meta_of(object).name) +
                        " is defined twice in this file; allowed: once; remove or rename one");
      return;
    }
    out_.objects.push_back(std::move(object));
  }

  void read_metadata(const YamlNode& node, Kind kind, ReadContext& context, ObjectMeta& meta) {
    const YamlNode* metadata = node.find("metadata");
    const YamlNode* name = metadata == nullptr ? nullptr : metadata->find("name");
    if (name != nullptr && name->is_scalar()) meta.name = name->text;
    context.set_object(ObjectKey{kind, meta.namespace_, meta.name}.to_string());
    if (metadata == nullptr || !metadata->is_map())
      return context.error(metadata == nullptr ? node : *metadata, "metadata",
                           "is missing; allowed: a map with a name; add metadata.name");
    context.record("metadata", *metadata);
    read_namespace(*metadata, context, meta);
    context.set_object(ObjectKey{kind, meta.namespace_, meta.name}.to_string());
    read_name(*metadata, context, meta);
    read_server_fields(*metadata, context, meta);
    refuse_unknown_metadata(*metadata, context);
  }

  void read_name(const YamlNode& metadata, ReadContext& context, ObjectMeta& meta) {
    const YamlNode* name = metadata.find("name");
    if (name == nullptr || name->is_null())
      return context.error(metadata, "metadata.name", "is missing; allowed: a lower case DNS name; add it");
    context.record("metadata.name", *name);
    if (!read_text(*name, "metadata.name", context, meta.name)) return;
    if (is_object_name(meta.name)) return;
    context.error(*name, "metadata.name",
                  in_quotes(meta.name) +
                      " is not a name; allowed: at most 253 characters a-z, 0-9, '-' and "
                      "'.', each part beginning and ending with a letter or digit; rename it");
  }

  void read_namespace(const YamlNode& metadata, ReadContext& context, ObjectMeta& meta) {
    const YamlNode* space = metadata.find("namespace");
    if (space == nullptr || space->is_null()) return;
    context.record("metadata.namespace", *space);
    std::string text;
    if (!read_text(*space, "metadata.namespace", context, text)) return;
    if (is_dns_label(text) && text.size() <= kMaxNamespace) {
      meta.namespace_ = text;
      return;
    }
    context.error(*space, "metadata.namespace",
                  in_quotes(text) +
                      " is not a namespace; allowed: at most 63 characters a-z, 0-9 and '-', "
                      "beginning and ending with a letter or digit; correct it");
  }

  // What an API server adds; a manifest exported from one carries it too.
  void read_server_fields(const YamlNode& metadata, ReadContext& context, ObjectMeta& meta) {
    auto present = [&](std::string_view name) -> const YamlNode* {
      const YamlNode* value = metadata.find(name);
      return value == nullptr || value->is_null() ? nullptr : value;
    };
    if (auto* uid = present("uid")) read_text(*uid, "metadata.uid", context, meta.uid);
    if (auto* generation = present("generation"))
      read_integer(*generation, "metadata.generation", context, meta.generation);
    if (auto* created = present("creationTimestamp"))
      read_text(*created, "metadata.creationTimestamp", context, meta.creation_timestamp);
  }

  void refuse_unknown_metadata(const YamlNode& metadata, ReadContext& context) {
    refuse_keys(metadata, "metadata.", metadata_fields(), context);
  }

  void refuse_unknown(const YamlNode& node, Kind kind, ReadContext& context) {
    refuse_keys(node, "", kind == Kind::Secret ? secret_fields() : kTopLevel, context);
  }

  static void refuse_keys(const YamlNode& map, const std::string& prefix,
                          std::span<const std::string_view> allowed, ReadContext& context) {
    if (context.unknown() == UnknownFields::Ignore) return;
    for (size_t i = 0; i + 1 < map.children.size() && !context.full(); i += 2) {
      const YamlNode& key = *map.children[i];
      if (!key.is_scalar() || key.text == "<<" || std::ranges::find(allowed, key.text) != allowed.end())
        continue;
      context.error(key, prefix + key.text,
                    "unknown field " + in_quotes(key.text) + did_you_mean(key.text, allowed) +
                        "; allowed: " + joined(allowed) + "; correct or remove it");
    }
  }

  template <typename T>
  static AnyObject read_spec(const YamlNode& node, Kind kind, ObjectMeta meta, ReadContext& context) {
    T object;
    object.meta = std::move(meta);
    const YamlNode* spec = node.find("spec");
    if (spec == nullptr || spec->is_null()) {
      context.error(node, "spec", "is missing; it is required: add the fields of the object under 'spec:'");
      return object;
    }
    ManifestReader reader(spec, "spec", spec_fields(kind), context);
    bind(reader, object.spec);
    return object;
  }

  static AnyObject read_body(const YamlNode& node, Kind kind, ObjectMeta meta, ReadContext& context) {
    switch (kind) {
      case Kind::VirtualNetwork:
        return read_spec<VirtualNetwork>(node, kind, std::move(meta), context);
      case Kind::VirtualNetworkGateway:
        return read_spec<VirtualNetworkGateway>(node, kind, std::move(meta), context);
      case Kind::LocalNetworkGateway:
        return read_spec<LocalNetworkGateway>(node, kind, std::move(meta), context);
      case Kind::IpsecPolicy:
        return read_spec<IpsecPolicy>(node, kind, std::move(meta), context);
      case Kind::Connection:
        return read_spec<Connection>(node, kind, std::move(meta), context);
      case Kind::Secret:
        break;
    }
    Secret secret;
    secret.meta = std::move(meta);
    read_secret(node, context, secret.spec);
    return secret;
  }

  std::string_view file_;
  ParsedManifests& out_;
  UnknownFields unknown_;
  std::set<ObjectKey> seen_;
};

}  // namespace

std::string to_string(const Problem& problem) {
  std::string out = problem.position.file + ":" + std::to_string(problem.position.line) + ":" +
                    std::to_string(problem.position.column) +
                    (problem.severity == Severity::Error ? ": error: " : ": warning: ");
  if (!problem.field_path.empty()) out += problem.field_path + ": ";
  return out + problem.message;
}

ParsedManifests parse_manifests(std::string_view file_name, std::string_view text, UnknownFields unknown) {
  ParsedManifests out;
  Importer importer(file_name, out, unknown);
  auto fault = for_each_document(text, [&](const YamlNode& root) { importer.import(root); });
  if (fault) {
    out.problems.push_back({Severity::Error,
                            {std::string(file_name), fault->line, fault->column},
                            "",
                            "",
                            std::move(fault->message),
                            ""});
  }
  return out;
}

}  // namespace hawser::api
