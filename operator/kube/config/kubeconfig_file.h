#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/base/result.h"
#include "common/base/secret.h"

namespace hawser::kube {

// A text of a kubeconfig and where it stands: "/root/.kube/config:12:5".
struct KubeconfigText {
  std::string text;
  std::string place;
};

// One named entry: its fields as they stand, and the file, which relative paths are relative to.
struct KubeconfigEntry {
  std::string name;
  std::string file;
  std::string place;
  std::map<std::string, KubeconfigText> fields;  // scalars
  std::map<std::string, std::string> blocks;     // place of each field that is a list or a map
  std::map<std::string, SecretBytes> secrets;    // token, password, client-key-data

  // Empty when absent.
  std::string text(const std::string& field) const;
  const SecretBytes* secret(const std::string& field) const;
  // Place of a field, else of the entry.
  std::string place_of(const std::string& field) const;
  bool has(const std::string& field) const;
  // The field as a path: relative to the file. Empty when absent.
  std::string path(const std::string& field) const;
};

// Several kubeconfigs as one: of two entries of one name the first counts.
struct Kubeconfig {
  std::map<std::string, KubeconfigEntry> clusters, users, contexts;
  KubeconfigText current_context;
  std::string files;  // those that were read, for messages

  // InvalidArgument: not a kubeconfig.
  Result<void> merge(const std::string& file, std::string_view text);
};

}  // namespace hawser::kube
