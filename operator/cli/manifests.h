#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"
#include "operator/api/codec.h"
#include "operator/api/object_set.h"

// Manifests from files, as the commands that work without a cluster read them.
namespace hawser::cli {

// The file itself, or the *.yaml, *.yml and *.json of a folder by name, not of the folders in it.
// NotFound when there is neither.
Result<std::vector<std::string>> manifest_paths(const std::string& path);
// At most a little more than what a manifest may have: the parser then says that it is too large.
Result<std::string> read_file(const std::string& path);

struct LoadedManifests {
  api::ObjectSet objects;
  std::vector<api::Problem> problems;  // of the texts, and objects that stand in two files
  std::vector<std::string> ignored;    // "a.yaml: apps/v1 Deployment default/web"
};
// Adds what one file holds.
void add_manifests(const std::string& file, std::string_view text, LoadedManifests& out);
// Everything below several paths, each a file or a folder.
Result<LoadedManifests> load_manifests(const std::vector<std::string>& paths);

}  // namespace hawser::cli
