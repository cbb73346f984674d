#pragma once

#include <iosfwd>
#include <string>

#include "common/base/result.h"
#include "operator/api/object_set.h"
#include "operator/api/status.h"
#include "operator/cli/cluster.h"

namespace hawser::cli {

// hawser show policy CONNECTION [-n NAMESPACE] [-o json]
struct ShowPolicyOptions {
  std::string connection;
  std::string namespace_;  // empty: the context's; in folders "default"
  std::string output;      // "" | "json"
  std::string manifests;   // folders; empty: the environment's HAWSER_MANIFESTS and HAWSER_STATUS
  std::string status;
  ClusterFlags cluster;  // without folders
  OpenCluster open = open_cluster;
};

// What the manifests ask for, when no status says what is in force. NotFound when the connection or what it
// refers to is missing, InvalidArgument when a rule refuses it.
Result<api::EffectivePolicy> computed_policy(const api::ObjectSet& objects, const api::ObjectKey& connection);

// The eight lines in Azure's order and spelling; before them one that says so, when they are a profile's
// default.
std::string policy_text(const api::EffectivePolicy& policy, const api::ObjectKey& connection);

// Returns the exit code: 0, 1 (there is no such connection, or it cannot be read) or 2 (usage).
int show_policy(const ShowPolicyOptions& options, std::ostream& out, std::ostream& err);

}  // namespace hawser::cli
