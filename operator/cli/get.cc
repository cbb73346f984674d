#include "operator/cli/get.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

#include "operator/api/codec.h"
#include "operator/cli/get_view.h"
#include "operator/store/manifest_folder.h"
#include "operator/store/status_folder.h"

namespace hawser::cli {
namespace {

using api::Kind;

// Everything that is in the two folders, by object.
struct Folders {
  std::map<api::ObjectKey, api::AnyObject> objects;
  store::StatusFolderContents status;
};

Error usage(const std::string& message) { return {ErrorCode::InvalidArgument, message}; }

std::string from_environment(const std::string& given, const char* variable) {
  if (!given.empty()) return given;
  const char* value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// Every kind but Secret: there is nothing of a Secret to show.
Result<std::vector<Kind>> select_kinds(const std::string& text) {
  std::vector<Kind> kinds;
  std::string known;
  for (const api::KindRow& row : api::kKinds) {
    if (row.kind == Kind::Secret) continue;
    known += (known.empty() ? "" : ", ") + std::string(row.plural) + " (" + std::string(row.short_name) + ")";
    if (text.empty() || same_ignoring_case(text, row.name) || same_ignoring_case(text, row.plural) ||
        same_ignoring_case(text, row.short_name))
      kinds.push_back(row.kind);
  }
  if (kinds.empty()) return usage("there is no kind '" + text + "'; use one of " + known);
  return kinds;
}

Result<GetOutput> select_output(const std::string& text) {
  if (text.empty()) return GetOutput::Table;
  if (text == "wide") return GetOutput::Wide;
  if (text == "json") return GetOutput::Json;
  if (text == "yaml") return GetOutput::Yaml;
  return usage("-o '" + text + "': use json, yaml or wide");
}

Result<Folders> load(const std::string& manifests, const std::string& status, std::ostream& err) {
  Folders folders;
  ASSIGN_OR_RETURN(auto files, store::read_manifest_files(manifests));
  for (const auto& [name, text] : files) {
    api::ParsedManifests parsed = api::parse_manifests(name, text);
    for (const api::Problem& problem : parsed.problems)
      if (problem.severity == api::Severity::Error) err << "hawser: " << api::to_string(problem) << "\n";
    for (api::AnyObject& object : parsed.objects) {
      const api::ObjectKey key = api::key_of(object);
      folders.objects.insert_or_assign(key, std::move(object));
    }
  }
  ASSIGN_OR_RETURN(folders.status, store::read_status_folder(status));
  for (const std::string& problem : folders.status.problems) err << "hawser: " << problem << "\n";
  return folders;
}

std::vector<View> select(const Folders& folders, Kind kind, const GetOptions& options) {
  std::set<api::ObjectKey> keys;
  for (const auto& [key, object] : folders.objects) keys.insert(key);
  for (const auto& [key, record] : folders.status.records) keys.insert(key);
  std::vector<View> views;
  for (const api::ObjectKey& key : keys) {
    if (key.kind != kind || (!options.all_namespaces && key.namespace_ != options.namespace_)) continue;
    if (!options.name.empty() && key.name != options.name) continue;
    auto object = folders.objects.find(key);
    auto record = folders.status.records.find(key);
    views.push_back({key, object == folders.objects.end() ? nullptr : &object->second,
                     record == folders.status.records.end() ? nullptr : &record->second});
  }
  return views;
}

SiteAddresses site_addresses(const Folders& folders) {
  SiteAddresses sites;
  for (const auto& [key, object] : folders.objects)
    if (const auto* site = std::get_if<api::LocalNetworkGateway>(&object))
      sites[api::map_key(key.namespace_, key.name)] = site->spec.gateway_ip_address;
  return sites;
}

// One object by itself, else a List, as kubectl does.
nlohmann::ordered_json to_document(const std::vector<View>& views, bool one) {
  if (one) return to_json(views.front());
  nlohmann::ordered_json list;
  list["apiVersion"] = "v1";
  list["kind"] = "List";
  list["items"] = nlohmann::ordered_json::array();
  for (const View& view : views) list["items"].push_back(to_json(view));
  return list;
}

void print_tables(const std::vector<Kind>& kinds, const std::vector<View>& views, const Folders& folders,
                  const GetOptions& options, GetOutput output, WallTime now, std::ostream& out) {
  const SiteAddresses sites = site_addresses(folders);
  bool first = true;
  for (Kind kind : kinds) {
    std::vector<View> of_kind;
    std::ranges::copy_if(views, std::back_inserter(of_kind),
                         [&](const View& v) { return v.key.kind == kind; });
    if (of_kind.empty()) continue;
    if (!std::exchange(first, false)) out << "\n";
    print_table(kind, of_kind, sites, {options.all_namespaces, output == GetOutput::Wide, kinds.size() > 1},
                now, out);
  }
  if (!options.name.empty())
    for (const View& view : views) print_detail(view, out);
}

Result<void> run(const GetOptions& options, WallTime now, std::ostream& out, std::ostream& err) {
  ASSIGN_OR_RETURN(const GetOutput output, select_output(options.output));
  ASSIGN_OR_RETURN(const std::vector<Kind> kinds, select_kinds(options.kind));
  const std::string manifests = from_environment(options.manifests, "HAWSER_MANIFESTS");
  const std::string status = from_environment(options.status, "HAWSER_STATUS");
  if (manifests.empty() || status.empty())
    return usage(
        "where are the objects? give --manifests DIR and --status DIR, or set HAWSER_MANIFESTS and "
        "HAWSER_STATUS");
  ASSIGN_OR_RETURN(const Folders folders, load(manifests, status, err));
  std::vector<View> views;
  for (Kind kind : kinds)
    for (View& view : select(folders, kind, options)) views.push_back(std::move(view));
  const std::string where = options.all_namespaces ? "any namespace" : "namespace " + options.namespace_;
  if (views.empty() && !options.name.empty())
    return Error{ErrorCode::NotFound,
                 std::string(api::row(kinds.front()).name) + " '" + options.name + "' is not in " + where};
  if (output == GetOutput::Json || output == GetOutput::Yaml) {
    const auto document = to_document(views, !options.name.empty() && views.size() == 1);
    out << (output == GetOutput::Json ? document.dump(2) + "\n" : api::to_yaml(document));
    return {};
  }
  if (views.empty()) {
    err << "No resources found in " << where << ".\n";
    return {};
  }
  print_tables(kinds, views, folders, options, output, now, out);
  return {};
}

}  // namespace

int get(const GetOptions& options, WallTime now, std::ostream& out, std::ostream& err) {
  auto done = run(options, now, out, err);
  if (done) return 0;
  err << "hawser: " << done.error().message << "\n";
  return done.error().code == ErrorCode::InvalidArgument ? 2 : 1;
}

}  // namespace hawser::cli
