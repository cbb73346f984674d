#pragma once

#include <map>
#include <string>

#include "operator/controller/decision.h"
#include "operator/store/manifest_set.h"
#include "tests/unit/operator/store/samples.h"

namespace YAML {
class Node;
}

namespace hawser::controller {

// Plays a case of cases/*.yaml: a list of steps, each some changes of the operator's world and then one
// decision. What each step may say:
//   step: TITLE            files: {NAME: TEXT, or null to remove}     replace: {NAME: {OLD: NEW}}
//   sidecars: {NAME: connecting|connected|unreachable|refused}        ack: CODE (of all that was sent last)
//   nodes: {NAME: {ready: BOOL, pod: ready|starting|gone, labels: {…}}, or null for a node that is gone};
//   from the
//     first of these on the story plays in a cluster
//   status: {SIDECAR: {CONNECTION: {programmed, established, pfs, …}}}
//   advance: SECONDS       restart: true (the operator loses its memory and every link)
class Scenario {
 public:
  explicit Scenario(const std::string& examples) : examples_(examples) {}
  // The decisions as text.
  std::string play(const YAML::Node& test_case);

 private:
  void load_base(const std::string& folder);
  void change(const YAML::Node& step);
  void change_files(const YAML::Node& step);
  void change_sidecars(const YAML::Node& step);
  void change_nodes(const YAML::Node& step);
  void acknowledge(const std::string& code);
  void restart();
  std::string decide_once();

  std::string examples_;
  std::map<std::string, std::string> files_;
  store::ManifestSet manifests_;
  store::FakeMetadata metadata_;
  std::map<std::string, sidecars::SidecarSnapshot> sidecars_;
  std::optional<std::map<std::string, sidecars::SidecarNode>> nodes_;
  Statuses previous_;
  Memory memory_;
  std::map<std::string, sidecars::Desired> sent_;
  store::Now now_{TimePoint(std::chrono::hours(1)), WallTime(std::chrono::seconds(1'000'000'000))};
};

}  // namespace hawser::controller
