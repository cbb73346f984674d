#pragma once

#include <iosfwd>
#include <string>

#include "common/base/clock.h"
#include "operator/cli/cluster.h"

namespace hawser::cli {

enum class GetOutput : uint8_t { Table, Wide, Json, Yaml };

// hawser get [KIND [NAME]] [-n NAMESPACE | -A] [-o json|yaml|wide]
struct GetOptions {
  std::string kind;        // name, plural or short name, any case; empty: every kind
  std::string name;        // empty: all of the kind
  std::string namespace_;  // empty: the context's; in folders "default"
  bool all_namespaces = false;
  std::string output;     // "" | "wide" | "json" | "yaml"
  std::string manifests;  // folders; empty: the environment's HAWSER_MANIFESTS and HAWSER_STATUS
  std::string status;
  ClusterFlags cluster;  // without folders
  OpenCluster open = open_cluster;
};

// Returns the exit code: 0, 1 (what was asked for is not there or cannot be read) or 2 (usage). Secrets are
// never shown.
int get(const GetOptions& options, WallTime now, std::ostream& out, std::ostream& err);

}  // namespace hawser::cli
