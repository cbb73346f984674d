#include "operator/cli/manifests.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "operator/api/yaml_document.h"

namespace hawser::cli {
namespace {

namespace fs = std::filesystem;

Error not_found(const std::string& path, const std::string& why) {
  return {ErrorCode::NotFound, "'" + path + "' " + why};
}

bool is_manifest_name(const std::string& name) {
  // Editors' files: ".x.yaml.swp", "#x.yaml#", "x.yaml~"
  if (name.starts_with('.') || name.starts_with('#')) return false;
  return name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
}

}  // namespace

Result<std::vector<std::string>> manifest_paths(const std::string& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (error || !fs::exists(status))
    return not_found(path, "is not there; give a file or a folder of manifests");
  // Reading a FIFO nobody writes to would wait for ever.
  if (fs::is_fifo(status) || fs::is_socket(status))
    return not_found(path, "is no file; give a file or a folder of manifests");
  if (!fs::is_directory(status)) return std::vector<std::string>{path};
  std::vector<std::string> paths;
  fs::directory_iterator entry(path, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (is_manifest_name(entry->path().filename()) && entry->is_regular_file(ignored))
      paths.push_back(entry->path());
  }
  if (error) return not_found(path, "cannot be listed: " + error.message());
  std::ranges::sort(paths);
  return paths;
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return not_found(path, "cannot be opened");
  std::string text;
  char piece[65536];
  while (text.size() <= api::kMaxTextSize && (file.read(piece, sizeof piece) || file.gcount() > 0))
    text.append(piece, static_cast<size_t>(file.gcount()));
  if (file.bad()) return not_found(path, "cannot be read");
  return text;
}

void add_manifests(const std::string& file, std::string_view text, LoadedManifests& out) {
  api::ParsedManifests parsed = api::parse_manifests(file, text);
  std::ranges::move(parsed.problems, std::back_inserter(out.problems));
  for (const auto& name : parsed.ignored) out.ignored.push_back(file + ": " + name);
  for (auto& object : parsed.objects) {
    if (api::insert(out.objects, object)) continue;
    const api::ObjectKey key = api::key_of(object);
    const auto& positions =
        std::visit([](const auto& o) -> const api::Positions& { return o.positions; }, object);
    const api::Position first = api::position_of(*api::positions_of(out.objects, key), "metadata.name");
    out.problems.push_back({api::Severity::Error, api::position_of(positions, "metadata.name"),
                            key.to_string(), "metadata.name",
                            "'" + key.name + "' is defined in " + first.file + ":" +
                                std::to_string(first.line) + " already; allowed: once; remove or rename one",
                            ""});
  }
}

Result<LoadedManifests> load_manifests(const std::vector<std::string>& paths) {
  LoadedManifests out;
  for (const auto& path : paths) {
    ASSIGN_OR_RETURN(auto files, manifest_paths(path));
    for (const auto& file : files) {
      ASSIGN_OR_RETURN(auto text, read_file(file));
      add_manifests(file, text, out);
    }
  }
  return out;
}

}  // namespace hawser::cli
