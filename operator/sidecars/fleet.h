#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "operator/sidecars/sidecar_client.h"

namespace hawser::sidecars {

// All sidecars of one operator, in the order they were given.
class Fleet {
 public:
  // REQUIRES: the name is new.
  void add(std::string name, std::unique_ptr<SidecarClient> client);
  void set_desired(const std::string& name, Desired desired);
  std::vector<SidecarSnapshot> snapshots() const;
  size_t size() const { return order_.size(); }

 private:
  std::vector<std::string> order_;
  std::map<std::string, std::unique_ptr<SidecarClient>> clients_;
};

}  // namespace hawser::sidecars
