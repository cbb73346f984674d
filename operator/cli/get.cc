#include "operator/cli/get.h"

#include <algorithm>
#include <cctype>
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

Error usage(const std::string& message) { return {ErrorCode::InvalidArgument, message}; }

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// Every kind but Secret: there is nothing of a Secret to show.
Result<std::vector<Kind>> select_kinds(std::string text) {
  const std::string group = "." + std::string(api::kGroup);
  if (text.ends_with(group)) text.resize(text.size() - group.size());
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

Result<KnownObjects> read_folders(const std::string& manifests, const std::string& status,
                                  std::ostream& err) {
  KnownObjects folders;
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
  return folders;
}

// What the command is about, and the sites whose addresses a table of connections shows.
Result<KnownObjects> read_from_cluster(const GetOptions& options, std::vector<Kind> kinds,
                                       std::string& namespace_) {
  ASSIGN_OR_RETURN(Cluster cluster, options.open(options.cluster));
  if (namespace_.empty()) namespace_ = cluster.namespace_;
  auto has = [&](Kind kind) { return std::ranges::find(kinds, kind) != kinds.end(); };
  if (has(Kind::Connection) && !has(Kind::LocalNetworkGateway)) kinds.push_back(Kind::LocalNetworkGateway);
  return read_cluster(cluster, kinds, options.all_namespaces ? "" : namespace_);
}

// Sets options.namespace_ to the one that is meant.
Result<KnownObjects> load(GetOptions& options, const std::vector<Kind>& kinds, std::ostream& err) {
  ASSIGN_OR_RETURN(const Folders folders, choose_folders(options.manifests, options.status, options.cluster));
  if (folders.none()) return read_from_cluster(options, kinds, options.namespace_);
  if (folders.manifests.empty() || folders.status.empty())
    return usage(
        "where are the objects? give both --manifests DIR and --status DIR, or set HAWSER_MANIFESTS and "
        "HAWSER_STATUS");
  if (options.namespace_.empty()) options.namespace_ = "default";
  return read_folders(folders.manifests, folders.status, err);
}

std::vector<View> select(const KnownObjects& known, Kind kind, const GetOptions& options) {
  std::set<api::ObjectKey> keys;
  for (const auto& [key, object] : known.objects) keys.insert(key);
  for (const auto& [key, record] : known.status.records) keys.insert(key);
  std::vector<View> views;
  for (const api::ObjectKey& key : keys) {
    if (key.kind != kind || (!options.all_namespaces && key.namespace_ != options.namespace_)) continue;
    if (!options.name.empty() && key.name != options.name) continue;
    auto object = known.objects.find(key);
    auto record = known.status.records.find(key);
    views.push_back({key, object == known.objects.end() ? nullptr : &object->second,
                     record == known.status.records.end() ? nullptr : &record->second});
  }
  return views;
}

SiteAddresses site_addresses(const KnownObjects& known) {
  SiteAddresses sites;
  for (const auto& [key, object] : known.objects)
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

void print_tables(const std::vector<Kind>& kinds, const std::vector<View>& views, const KnownObjects& known,
                  const GetOptions& options, GetOutput output, WallTime now, std::ostream& out) {
  const SiteAddresses sites = site_addresses(known);
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

Result<void> run(GetOptions options, WallTime now, std::ostream& out, std::ostream& err) {
  // As tables of several kinds name them: connection.hawser.dev/vnet1tosite6.
  if (const size_t slash = options.kind.find('/'); slash != std::string::npos && options.name.empty()) {
    options.name = options.kind.substr(slash + 1);
    options.kind.resize(slash);
  }
  ASSIGN_OR_RETURN(const GetOutput output, select_output(options.output));
  ASSIGN_OR_RETURN(const std::vector<Kind> kinds, select_kinds(options.kind));
  ASSIGN_OR_RETURN(const KnownObjects known, load(options, kinds, err));
  for (const std::string& problem : known.status.problems) err << "hawser: " << problem << "\n";
  std::vector<View> views;
  for (Kind kind : kinds)
    for (View& view : select(known, kind, options)) views.push_back(std::move(view));
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
  print_tables(kinds, views, known, options, output, now, out);
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
